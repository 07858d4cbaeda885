"""Sparse solvers for ``y = A x``: each takes a matrix, a Gram or an operator and certifies."""

from physmodel.optimizers.sparse.certificates import (
    exact_recovery_coefficient,
    lasso_certificate,
    mutual_coherence,
    sparsest_bound,
)
from physmodel.optimizers.sparse.design import Gram
from physmodel.optimizers.sparse.greedy import matching_pursuit, orthogonal_matching_pursuit
from physmodel.optimizers.sparse.group import group_lasso
from physmodel.optimizers.sparse.hard import (
    hard_thresholding_pursuit,
    iterative_hard_thresholding,
)
from physmodel.optimizers.sparse.l1 import elastic_net, lasso
from physmodel.optimizers.sparse.l1_path import lasso_path
from physmodel.optimizers.sparse.pursuit import basis_pursuit, basis_pursuit_denoising
from physmodel.optimizers.sparse.record import Certificate, Path, SparseResult, Status
from physmodel.optimizers.sparse.recovery import sparse_recovery
from physmodel.optimizers.sparse.relaxed import sr3
from physmodel.optimizers.sparse.subset import best_subset
from physmodel.optimizers.sparse.subspace import cosamp, subspace_pursuit
from physmodel.optimizers.sparse.thresholding import stlsq

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
