"""Networks: forms that keep the physics, fitted, pruned, and carried to other data: `pm.nets`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from physmodel.errors import require
from physmodel.lazy import lazy_names

if TYPE_CHECKING:
    from physmodel.models.nets.known_scalar import KnownScalar as KnownScalar
    from physmodel.models.nets.mlp import MLPField as MLPField
    from physmodel.models.nets.mlp import MLPScalar as MLPScalar
    from physmodel.models.nets.mlp import MLPVector as MLPVector
    from physmodel.models.nets.net_field import NetField as NetField
    from physmodel.models.nets.restricted import AtRest as AtRest
    from physmodel.models.nets.restricted import Positive as Positive
    from physmodel.models.nets.structure.choice import form_for as form_for
    from physmodel.models.nets.structure.constrained import Constrained as Constrained
    from physmodel.models.nets.structure.constrained import simulate_rods as simulate_rods
    from physmodel.models.nets.structure.dissipative import GradientFlow as GradientFlow
    from physmodel.models.nets.structure.dissipative import Metriplectic as Metriplectic
    from physmodel.models.nets.structure.divergence_free import DivergenceFree as DivergenceFree
    from physmodel.models.nets.structure.hamiltonian import Hamiltonian as Hamiltonian
    from physmodel.models.nets.structure.hamiltonian import Separable as Separable
    from physmodel.models.nets.structure.lagrangian import Lagrangian as Lagrangian
    from physmodel.models.nets.structure.many_bodies import ManyBodies as ManyBodies
    from physmodel.models.nets.structure.mechanical import Mechanical as Mechanical
    from physmodel.models.nets.structure.port_hamiltonian import PortHamiltonian as PortHamiltonian
    from physmodel.models.nets.structure.stable import Stable as Stable
    from physmodel.models.nets.symmetry.equivariant import symmetrised as symmetrised
    from physmodel.models.nets.weights.low_rank import merged as merged
    from physmodel.models.nets.weights.low_rank import with_update as with_update
    from physmodel.models.nets.weights.pruned import PrunedForm as PrunedForm
    from physmodel.models.nets.weights.storage import load_net as load_net
    from physmodel.models.nets.weights.storage import save_net as save_net
    from physmodel.models.nets.weights.update_file import load_update as load_update
    from physmodel.models.nets.weights.update_file import save_update as save_update
    from physmodel.networks.carried import Carried as Carried
    from physmodel.networks.carried import carry as carry
    from physmodel.networks.fit_network import NetworkFit as NetworkFit
    from physmodel.networks.pruned import Pruned as Pruned
    from physmodel.networks.pruned import prune as prune
    from physmodel.networks.rods import RodFit as RodFit
    from physmodel.networks.rods import fit_rods as fit_rods
    from physmodel.networks.tune import Tuned as Tuned
    from physmodel.problem.known.rods import Rods as Rods

require("torch", "nets")

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "AtRest": "physmodel.models.nets.restricted",
        "Carried": "physmodel.networks.carried",
        "Constrained": "physmodel.models.nets.structure.constrained",
        "DivergenceFree": "physmodel.models.nets.structure.divergence_free",
        "GradientFlow": "physmodel.models.nets.structure.dissipative",
        "Hamiltonian": "physmodel.models.nets.structure.hamiltonian",
        "KnownScalar": "physmodel.models.nets.known_scalar",
        "Lagrangian": "physmodel.models.nets.structure.lagrangian",
        "MLPField": "physmodel.models.nets.mlp",
        "MLPScalar": "physmodel.models.nets.mlp",
        "MLPVector": "physmodel.models.nets.mlp",
        "ManyBodies": "physmodel.models.nets.structure.many_bodies",
        "Mechanical": "physmodel.models.nets.structure.mechanical",
        "Metriplectic": "physmodel.models.nets.structure.dissipative",
        "NetField": "physmodel.models.nets.net_field",
        "NetworkFit": "physmodel.networks.fit_network",
        "PortHamiltonian": "physmodel.models.nets.structure.port_hamiltonian",
        "Positive": "physmodel.models.nets.restricted",
        "Pruned": "physmodel.networks.pruned",
        "PrunedForm": "physmodel.models.nets.weights.pruned",
        "RodFit": "physmodel.networks.rods",
        "Rods": "physmodel.problem.known.rods",
        "Separable": "physmodel.models.nets.structure.hamiltonian",
        "Stable": "physmodel.models.nets.structure.stable",
        "Tuned": "physmodel.networks.tune",
        "carry": "physmodel.networks.carried",
        "fit_rods": "physmodel.networks.rods",
        "form_for": "physmodel.models.nets.structure.choice",
        "load_net": "physmodel.models.nets.weights.storage",
        "load_update": "physmodel.models.nets.weights.update_file",
        "merged": "physmodel.models.nets.weights.low_rank",
        "prune": "physmodel.networks.pruned",
        "save_net": "physmodel.models.nets.weights.storage",
        "save_update": "physmodel.models.nets.weights.update_file",
        "simulate_rods": "physmodel.models.nets.structure.constrained",
        "symmetrised": "physmodel.models.nets.symmetry.equivariant",
        "with_update": "physmodel.models.nets.weights.low_rank",
    },
)
