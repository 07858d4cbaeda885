"""Sparse solvers for ``y = A x``: each takes a matrix, a Gram or an operator and certifies."""

from physmodel.optimizers.sparse.certificates import (
    exact_recovery_coefficient,
    lasso_certificate,
    mutual_coherence,
    sparsest_bound,
)
from physmodel.optimizers.sparse.design import Gram
from physmodel.optimizers.sparse.l1.group import group_lasso
from physmodel.optimizers.sparse.l1.lasso import elastic_net, lasso
from physmodel.optimizers.sparse.l1.path import lasso_path
from physmodel.optimizers.sparse.l1.pursuit import basis_pursuit, basis_pursuit_denoising
from physmodel.optimizers.sparse.record import Certificate, Path, SparseResult, Status
from physmodel.optimizers.sparse.recovery import sparse_recovery
from physmodel.optimizers.sparse.supports.hard import (
    hard_thresholding_pursuit,
    iterative_hard_thresholding,
)
from physmodel.optimizers.sparse.supports.matching import (
    matching_pursuit,
    orthogonal_matching_pursuit,
)
from physmodel.optimizers.sparse.supports.relaxed import sr3
from physmodel.optimizers.sparse.supports.subset import best_subset
from physmodel.optimizers.sparse.supports.subspace import cosamp, subspace_pursuit
from physmodel.optimizers.sparse.supports.thresholding import stlsq

__all__ = [
    "Certificate",
    "Gram",
    "Path",
    "SparseResult",
    "Status",
    "basis_pursuit",
    "basis_pursuit_denoising",
    "best_subset",
    "cosamp",
    "elastic_net",
    "exact_recovery_coefficient",
    "group_lasso",
    "hard_thresholding_pursuit",
    "iterative_hard_thresholding",
    "lasso",
    "lasso_certificate",
    "lasso_path",
    "matching_pursuit",
    "mutual_coherence",
    "orthogonal_matching_pursuit",
    "sparse_recovery",
    "sparsest_bound",
    "sr3",
    "stlsq",
    "subspace_pursuit",
]
