"""The numbers of the discovery engine, in one frozen record.

Nobody has to set them: none is compared with a number in user units. What half and double of each
does to the share of exact laws is in the benchmarks of the documentation.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EngineConstants:
    """Every number of the engine, in the order of the code: its [unit], then its reason.

    *Evidence* is minus twice a log probability; *merit* is evidence where noise decides; *spread*
    is the standard deviation of a state; *slack* is the error of the equation per sampling interval
    over the noise; an *interval* is a sampling interval.
    """

    # --- preparation and the weak form
    #: [samples] Longest tile of a record; bounds the memory.
    tile_samples: int = 2048
    #: [samples per characteristic time] Above it the slack per sample is reduced.
    dense_memory: float = 100.0
    #: [spread] Least first noise at kinks of inputs: nodes between samples have to move, as far
    #: as float64 can eliminate them.
    least_noise: float = 1e-6
    #: [nodes per interval] The equation cannot bridge longer intervals.
    most_nodes: int = 16
    #: [intervals] Between two kinks of an input: a rule of five nodes is right to the sixth power
    #: of their distance.
    least_intervals: int = 4
    #: [samples] Of an interpolation rule: wider rules gain nothing and oscillate at the ends.
    max_width: int = 12
    #: [mean intervals] Sum of absolute weights of a rule: larger sums amplify noise.
    max_gain: float = 8.0
    #: [1 / mean interval] The same for rules of slopes.
    max_slope_gain: float = 60.0
    #: [noise] Prior of a state at a node without a sample.
    free_to_noise: float = 1e5
    #: [share] Added to the diagonal of a covariance, above its rounding.
    covariance_rounding: float = 1e-14
    #: [share of entries] Of a map that are not zero: below it single entries are multiplied, not
    #: blocks.
    sparse_share: float = 0.1
    #: [sign vectors] Hutchinson's estimate of a trace, shared among the states, one each at
    #: least.
    probes: int = 12
    #: [samples] That a search sees: more make it slower and no surer.
    search_samples: int = 16_384
    #: [samples] Cut out of a longer record.
    shortest_stretch: int = 256
    #: [ratio] Of divided differences of orders 6, 8 and 10 up to which they are noise.
    alike_ratio: float = 1.2
    #: [log likelihood] By which another noise profile must be better: unequal residuals can come
    #: from a wrong law.
    profile_margin: float = 10.0
    #: [p-value] Of the scatter about the spectrum of a filter, below which the data had another.
    filter_doubt: float = 1e-3
    #: [standard errors] Beyond which a pair of autocorrelations is not chance.
    clear_correlation: float = 3.0

    # --- libraries
    #: [coefficients] Of all equations, which one regression handles in seconds.
    max_coefficients: int = 600
    #: [samples] With fewer a library is too rich.
    samples_per_term: int = 3
    #: [states] Velocities included, with degree 5 and other forms (degree 4 for one more): the
    #: search grows with the cube of the terms.
    rich_states: int = 2
    #: [terms] That each equation keeps of a library that is too large.
    screened_terms: int = 20
    #: [degree] Up to which a polynomial needs no handicap.
    plain_degree: int = 3
    #: [evidence] By which a law of a higher degree must be better (odds of 150 to 1).
    degree_handicap: float = 10.0
    #: [evidence] The same for sine and cosine of a state that is no angle (odds of 7 to 1).
    circular_handicap: float = 4.0

    #: [evidence] The same for a law that depends on where zero is, beside one that does not, if
    #: the data are far from zero.
    shift_handicap: float = 4.0
    #: [spread] From zero, on average: there a scale has its zero somewhere, as temperature has.
    far_from_zero: float = 3.0

    # --- settle: the loop
    #: [standard errors] Change of every coefficient in one round, below which a law has settled.
    settled_move: float = 0.05
    #: [evidence] Change in one round, below which a law has settled.
    settled_evidence: float = 0.3
    #: [share of a coefficient] What rounding changes from round to round without noise.
    settle_rounding: float = 1e-12
    #: [factor] Of a standard deviation in one round.
    largest_change: float = 1e6
    #: [rounds] Taken at once towards an equation error of zero, which shrinks by a constant
    #: factor.
    haste: float = 3.0
    #: [slack] No data tell less from none.
    least_slack: float = 1e-3
    #: [degrees of freedom] Of the errors of the equation: solvers and filters err where the
    #: motion is fast.
    student_freedom: float = 3.0

    # --- search
    #: [slack] Of the first search; the first lets the trajectory follow the data.
    annealing_slacks: tuple[float, ...] = (100.0, 1.0, 0.3, 0.1, 0.03, 0.01)
    #: [slack] From which a proposal is settled: the likelihood may have two maxima, one for each
    #: kind of error.
    rough_slacks: tuple[float, float] = (0.03, 30.0)
    #: [rounds] To settle a proposal from each of them.
    rough_rounds: int = 2
    #: [rounds] Where a near law leaves only noise: the evidence rises until the error of the
    #: equation is gone.
    noisy_rounds: int = 5
    #: [rounds] At most, until nothing moves.
    full_rounds: int = 14
    #: [slack] At which proposals are made.
    loose_slacks: tuple[float, ...] = (1.0, 0.3, 0.1)
    #: [laws] Of each regression that proposes.
    proposals: int = 2
    #: [rounds] Last rounds of annealing with one and the same support.
    steady_rounds: int = 4
    #: [laws] That are left for a better law.
    most_moves: int = 6
    #: [merit] Distance from the best up to which laws are settled fully.
    contested_merit: float = 20.0
    #: [laws] That are settled fully in one pass.
    finalists: int = 6

    # --- selection
    #: [whitened variance] A better fit means nothing: the quadrature error of data without noise
    #: is overestimated on purpose.
    floor_variance: float = 0.02
    #: [share of the variance] A law that holds to six digits is a law; the rest is rounding.
    negligible_misfit: float = 1e-12
    #: [sizes] Of the elimination path from which local searches start.
    path_sizes: int = 18
    #: [factor of variance] That a term must gain where no noise is left, or a law has more terms
    #: than the data have digits for.
    worth: float = 3.0
    #: [merit] Up to which rivals are reported (odds of 150 to 1).
    rival_range: float = 10.0
    #: [merit] Below which two laws of one size fit equally well.
    tie: float = 1e-3
    #: [probability] Of the best law, to be more than `ambiguous`.
    confident: float = 0.9

    # --- a law
    #: [factor] Of the noise of a law over that of the data, which is itself uncertain with few
    #: samples.
    misfit: float = 2.0
    #: [spread] No measurement has more digits.
    digits: float = 1e-9
    #: [spread] Smaller noise is the error of a solver, and a term has to be worth it.
    measured_noise: float = 1e-5
    #: [correlation] Of neighbouring residuals, above which they are not white, however few they
    #: are.
    neighbour_correlation: float = 0.4
    #: [spread] Accuracy of the rules of integration that an exact law needs.
    resolved_quadrature: float = 1e-4
    #: [share] Of what the worst equation leaves: below it another equation is not better, because
    #: errors of one state can pass as noise of another.
    coupled_share: float = 0.1
    #: [factor] By which leaving out any term of an exact law raises what it leaves; terms of a
    #: series add a digit or two each.
    exact_gap: float = 1000.0
    #: [quadrature errors] That a law of data without noise may leave.
    numerical_misfit: float = 10.0
    #: [slack] That does not show beside the noise.
    small_slack: float = 0.3
    #: [noise of the data] Error of the equation beside which noise is nothing: no second maximum
    #: is looked for, and no profile.
    large_error: float = 10.0
    #: [share] Of independent residuals, above which they are white.
    white_share: float = 0.5

    # --- candidates and status
    #: [probability] With which a term that is not in the law may seem to be.
    chance_probability: float = 0.05
    #: [share of the rates] A law that leaves so little is one whatever random motion could do.
    little_left: float = 0.15
    #: [share of the rates] A law that leaves so much is none.
    most_left: float = 0.5
    #: [share of the rates] Of terms that make no difference.
    slight_share: float = 0.1
    #: [standard errors] By which a term may be larger than it seems.
    bound_deviations: float = 2.0
    #: [evidence, merit] By which a law must beat random motion, and a fit with another noise
    #: profile the one before.
    margin: float = 10.0
    #: [spread] Left by a law of first order, below which no second order is tried.
    first_order_enough: float = 0.01
    #: [spread] Left by a law of first order that is taken unless one of second order is exact.
    first_order_adequate: float = 0.1
    #: [noise] Quadrature error above which nodes are added.
    coarse_quadrature: float = 0.01
    #: [spread] Below it rounding decides free nodes.
    refine_noise: float = 1e-3
    #: [samples] Above it nodes cost more than they give.
    refine_samples: int = 2000
    #: [nodes per interval] Of one refinement.
    refine_most: int = 8
    #: [times] That a constrained basis is changed for a sparser law.
    rebasings: int = 4
    #: [times] That the noise profile is taken from a fit and the fit repeated.
    reweightings: int = 2
    #: [terms] Of an equation that leaves only noise, up to which no other form is tried.
    form_few: int = 2
    #: [share of the rates] That an equation of few terms leaves to a solver or a filter.
    form_share: float = 1e-3
    #: [states] Velocities included, with which other forms are tried.
    form_states: int = 5
    #: [slack] Of the trajectory along which forms are proposed, where no law is right.
    form_slack: float = 30.0
    #: [rows] Of one equation along which forms are proposed; of those that stay together; and of a
    #: stretch at least.
    form_rows: int = 250
    form_stretch: int = 125
    form_least: int = 12
    #: [share of the samples] Whose values of an argument are left out where its sign is asked for.
    form_tail: float = 0.02
    #: [values] Of an argument, with fewer of which any shape is a polynomial.
    form_levels: int = 8
    #: [evidence] By which a law must be better for each term with numbers inside.
    form_handicap: float = 6.0
    #: [degree] Of the monomials that multiply such a term.
    form_degree: int = 2
    #: [terms] Without numbers inside, beside such terms in an equation.
    form_monomials: int = 4
    #: [terms] With numbers inside, in an equation.
    form_depth: int = 2
    #: [forms] With as many monomials and numbers inside, that are looked at.
    form_first: int = 12
    #: [iterations] To do so.
    form_steps: int = 4
    #: [forms] Of an equation whose numbers are refined.
    form_proposals: int = 3
    #: [times] That a step of the numbers is halved.
    form_halvings: int = 5
    #: [share of the residual] That a step must gain, or it is the last.
    form_gain: float = 1e-3
    #: [logarithm of a size] Of one step at most.
    form_stride: float = 3.0
    #: [share of a column] That is not made of the others, or its number is none.
    form_independent: float = 1e-6
    #: [forms] To which a second such term is added.
    form_leaders: int = 4
    #: [iterations] To refine the numbers of a form in a regression.
    form_iterations: int = 20
    #: [forms] Of each equation that are settled.
    form_finalists: int = 6
    #: [criterion, share of what is left] Difference of two forms that say the same.
    form_alike: float = 0.05
    #: [times] That a form is linearised again while it is settled.
    form_rounds: int = 8
    #: [laws] That are reported beside the best.
    max_rivals: int = 5
    #: [share of the variance] That runs over a characteristic time explain, if a law is
    #: identified.
    identified_score: float = 0.5
    #: [share of the variance] Explained by runs, above which no other law is run.
    good_score: float = 0.9
    #: [share of the variance] By which another law must explain more to take the place of the
    #: best.
    better_score: float = 0.1
    #: [share of the rates] That a term may have without having shown, if a law is identified.
    unseen_share: float = 0.25
    #: [probability] Of a term from which it has a column in the tables.
    shown_probability: float = 0.01
    #: [share of the variance] That central forces must explain where only names suggest bodies.
    bodies_believed: float = 0.999

    # --- starts of simulations
    #: [characteristic times] First stretch, of the fastest state; each is twice as long as the
    #: one before.
    start_first: float = 0.25
    #: [characteristic times] Last stretch.
    start_last: float = 2.0
    #: [spread] Standard error of a start that is small enough.
    start_precision: float = 1e-4
    #: [numbers] Of one evaluation, from which stretches are long enough.
    start_work: int = 200_000
    #: [mean square] Of the residual with which a law still follows a longer stretch.
    start_follows: float = 1.5
    #: [standard deviations] That chance adds to it.
    start_deviations: float = 3.0
    #: [spread] Error with which a law does not follow even the first stretch.
    start_astray: float = 0.4
    #: [nodes per characteristic time] Of the simulation, to begin with.
    start_nodes: int = 8
    #: [times] That nodes are doubled.
    start_doublings: int = 6
    #: [noise] Error of the simulation.
    start_step_error: float = 0.01


ENGINE = EngineConstants()
