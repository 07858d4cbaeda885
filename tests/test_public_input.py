"""What a caller may get wrong in fits and networks is refused in words, never by a traceback."""

from __future__ import annotations

import numpy as np
import pytest

import physmodel as pm
from physmodel.errors import PhysmodelError
from physmodel.losses.slopes import KnownStates
from physmodel.models.nets.mlp import MLPScalar
from physmodel.models.nets.net_field import NetField
from physmodel.models.nets.structure.choice import form_for
from physmodel.models.nets.structure.hamiltonian import Hamiltonian
from physmodel.models.nets.structure.many_bodies import ManyBodies
from physmodel.models.nets.symmetry.equivariant import symmetrised
from physmodel.models.nets.weights.low_rank import with_update
from physmodel.models.nets.weights.storage import save_net
from physmodel.models.nets.weights.update_file import load_update, save_update
from physmodel.networks.carried import carry
from physmodel.networks.pruned import prune
from physmodel.problem.known.finite import parity

T = np.linspace(0.0, 4.0, 40)
X = np.column_stack([np.cos(T), -np.sin(T)])
DATA = pm.from_arrays(T, X, names=["x", "v"])
SPRING = {"x": "v", "v": "-k*x"}
FORM = Hamiltonian(MLPScalar(2, (6,)))
NET = NetField(FORM, ("q", "p"), (), FORM.initial(0))
LOSS = KnownStates(NET, X, X, np.ones(2))

FITS = {
    "data none": lambda fit: fit(None, SPRING),
    "data array": lambda fit: fit(X, SPRING),
    "field none": lambda fit: fit(DATA, None),
    "field text": lambda fit: fit(DATA, "x"),
    "field key": lambda fit: fit(DATA, {1: "v", "v": "-k*x"}),
    "start text": lambda fit: fit(DATA, SPRING, start="a"),
    "start list": lambda fit: fit(DATA, SPRING, start=[1]),
}
OTHERS = {
    "unmeasured none": lambda: pm.fit(DATA, SPRING, unmeasured=None),
    "unmeasured text": lambda: pm.fit(DATA, SPRING, unmeasured="x"),
    "most text": lambda: pm.fit_regimes(DATA, SPRING, most="2"),
    "most half": lambda: pm.fit_regimes(DATA, SPRING, most=1.5),
    "tune none": lambda: pm.tune(None),
    "tune pairs text": lambda: pm.tune(DATA, pairs="xv"),
    "tune pairs texts": lambda: pm.tune(DATA, pairs=["xv"]),
    "tune pairs numbers": lambda: pm.tune(DATA, pairs=[1]),
    "tune pairs three": lambda: pm.tune(DATA, pairs=[("x", "v", "x")]),
    "tune seed": lambda: pm.tune(DATA, seed=-1),
    "tune seed text": lambda: pm.tune(DATA, seed="a"),
    "hidden number": lambda: MLPScalar(2, 5).initial(0),
    "hidden half": lambda: MLPScalar(2, (4.5,)).initial(0),
    "variables text": lambda: MLPScalar("2").initial(0),
    "bodies half": lambda: ManyBodies(MLPScalar(1), 2.5, 2),
    "bodies text": lambda: ManyBodies(MLPScalar(1), "3", 2),
    "no states": lambda: form_for(()),
    "states twice": lambda: form_for(("q", "q")),
    "order three": lambda: form_for(("q",), order=3),
    "law text": lambda: form_for(("q", "p"), laws=["hamiltonian"]),
    "symmetry text": lambda: form_for(("q", "p"), symmetries=["parity"]),
    "samples wide": lambda: form_for(("q", "p"), samples=(np.eye(3), np.eye(3)[:, :2])),
    "samples rows": lambda: form_for(("q", "p"), samples=(X, X[1:])),
    "samples complex": lambda: form_for(("q", "p"), samples=(1j * X, X)),
    "symmetrised few": lambda: symmetrised(FORM, parity("q", "p"), ["q", "p", "r"]),
    "symmetrised twice": lambda: symmetrised(FORM, parity("q"), ["q", "q"]),
    "symmetrised text": lambda: symmetrised(FORM, "parity", ["q", "p"]),
    "field names twice": lambda: NetField(FORM, ("q", "q"), (), FORM.initial(0)),
    "field names text": lambda: NetField(FORM, "qp", (), FORM.initial(0)),
    "field parameters": lambda: NetField(FORM, ("q", "p"), (), list(FORM.initial(0))),
    "field device": lambda: NetField(FORM, ("q", "p"), (), FORM.initial(0), "foo"),
    "parameters complex": lambda: NET.with_parameters(1j * NET.parameters),
    "save form": lambda: save_net(FORM, "nowhere"),
    "save no update": lambda: save_update(None, "nowhere"),
    "update of none": lambda: load_update(__file__, None),
    "rank half": lambda: with_update(NET, rank=1.5),
    "ranks number": lambda: carry(NET, lambda field: LOSS, ranks=1),
    "slopes shape": lambda: KnownStates(NET, X, X[1:], np.ones(2)),
    "slopes noise": lambda: KnownStates(NET, X, X, np.zeros(2)),
    "prune none": lambda: prune(None, LOSS),
    "prune size": lambda: prune(NET, LOSS, size=5.5),
    "prune refits": lambda: prune(NET, LOSS, evaluations=-1),
}


@pytest.mark.parametrize("fit", [pm.fit, pm.fit_regimes], ids=["fit", "fit_regimes"])
@pytest.mark.parametrize("name", FITS)
def test_requests_that_make_no_sense_are_refused_by_fits(name, fit):
    with pytest.raises(PhysmodelError):
        FITS[name](fit)


@pytest.mark.parametrize("name", OTHERS)
def test_requests_that_make_no_sense_are_refused(name):
    with pytest.raises(PhysmodelError):
        OTHERS[name]()


@pytest.mark.parametrize("level", [2, -1, 1.0, 0.0, np.nan, "a"])
def test_a_probability_is_between_zero_and_one(level):
    with pytest.raises(PhysmodelError, match="probability"):
        pm.fit(DATA, SPRING).intervals(level)
