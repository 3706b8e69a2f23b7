"""Every threshold of the findings, with its reason.

Warnings follow from what numbers, activations or known sound networks allow. Errors say
that a network will not learn, and were set by random networks of
`benchmarks/random_networks.py` (157 from 0 on, 148 from 1000 on), each trained on the
digits by Adam at the best of three rates; `benchmarks/foretelling.py` tells how they
do on others.
"""

# Forward: size of what kernels are given, by that of the data. Pooling over 10,000
# positions of noise, or a stack of three LSTMs, takes two digits, and such networks
# learn. Adam makes up for small signals as long as samples stay apart: six LSTMs and 22
# convolutions learned at 2e-6 of the data's size. At 1e-7, gradients are below Adam's
# epsilon.
VANISHING_WARNING = 3e2
VANISHING_ERROR = 1e7
# The same in float16 and bfloat16: four digits are all that they have, and then some;
# and under SGD, whose steps are as small as their gradients.
VANISHING_ERROR_HALF = 1e4
# The sum of n independent branches grows by sqrt(n). What is saturated or cut by it
# is judged by itself; else Adam may learn, as behind rectifiers at 4,000 to 6e13 times
# the data's size (not at 5e8). Beyond, squares of gradients leave float32.
EXPLODING_WARNING = 1e1
EXPLODING_ERROR = 1e14
# The same in float16 and bfloat16, of which the first ends at 65,504.
EXPLODING_ERROR_HALF = 1e4
# Of outputs that nothing squashes: a head takes off what it does too much.
OUTPUTS_WARNING = 1e2
OUTPUTS_ERROR = 1e4

# Backward: size of gradient times signal, a number that no rescaling of a layer
# changes, of the first layers by that of the last. In sound networks of width w and
# depth d its logarithm wanders by about sqrt(d / w), and pooling takes two digits. Adam
# moves both ends by one rate: networks learned down to 1e-4, and not at 1.5e-5. What
# grows instead is chaotic, and a step does not do what its gradient says: networks
# learned up to 40, and not at 1,000.
GRADIENT_WARNING = 1e2
GRADIENT_ERROR = 3e4
GROWING_WARNING = 1e2
GROWING_ERROR = 5e2
# The same of kernels with a normalization behind: the larger they become by a step, the
# smaller their next one. Without sums around them such stacks learned at 16 and not at
# 1e5.
GROWING_NORMALIZED_WARNING = 1e3
GROWING_NORMALIZED_ERROR = 1e4

# 1 − cosine of different samples, by that of the data: at 1e-4 the part that tells
# samples apart is a hundredth of the signal, and at 1e-8 four digits down, where
# bfloat16 and float16 have none left. In float32 networks learned down to 1.6e-9, as
# biases soon take off what samples share, and not at 2.5e-10.
COLLAPSE_WARNING = 1e-4
COLLAPSE_ERROR = 5e-10
COLLAPSE_ERROR_HALF = 1e-8

# Units that are zero for a whole batch. Samples grow alike in deep ReLU networks, and
# then a unit is on or off for all: up to half may be off in a sound one.
DEAD_WARNING = 0.6
DEAD_ERROR = 0.95

# Values where the slope is below a tenth of the best: half of them need pre-activations
# of std 2.7 under tanh, where unit variance gives 7 %.
FLAT_WARNING = 0.5
FLAT_ERROR = 0.9
# Long memory (chrono initialization) saturates two of three gates on purpose.
GATES_WARNING = 0.7
GATES_ERROR = 0.95
# Gates that their inputs alone saturate, whatever the bias is: none in usual starts; of
# six networks with 25 to 77 % three learn.
DRIVEN_WARNING = 0.2
DRIVEN_ERROR = 0.9
# Queries that attend to one key: networks may begin so, even all of them, and learn.
ATTENTION_WARNING = 0.5

# Variance drawn by the right one. Fused gates are off by less than 4 in Keras's own
# recurrent layers, and these learn: a factor of two in std shows nowhere by itself.
FANS_WARNING = 4.0 * 0.999
FANS_INFO = 1.25

# Kernels behind exponentials. On the digits (64 units, 150 steps of Adam at the best of
# three rates): 2 learn from small weights (.87) and not from Glorot's, 3 halfway (.56),
# 5 and more from none.
UNBOUNDED_WARNING = 3
UNBOUNDED_ERROR = 5

# Bias by what the data add to a pre-activation, both root mean squares: at 3, a unit's
# sign is decided by its bias for nearly all data. Of 38 networks with 10 to 9,000 all
# but 6 learned, no fewer than of all; beyond, three of 19. So warnings begin at 10 only
# where biases are larger themselves than a unit's signal would be.
BIAS_WARNING = 10.0
BIAS_LARGE = 3.0
BIAS_WARNING_SMALL = 1e3
BIAS_ERROR = 1e4

# Nats above ln C. Logits of std s cost about s²/2 until one class takes all: half a
# nat for unit variance, one for a Glorot head on unit features, two or three behind
# pooling by maxima. At eight nats logits have std 4: a loss that training spends its
# first steps to lower. No error: behind sound features, heads of std 1 to 1,000 (11 to
# 13,000 nats) learned the digits all the same by Adam, .98 to .95. Where a step of the
# compiled optimizer cannot, the step is judged.
CONFIDENT_WARNING = 8.0
# Root mean square of logits below which their loss cannot be so far above ln C.
CONFIDENT_LOGITS = 1.0

# Gradients that float16 holds with fewer digits than its own: half of them.
UNDERFLOW_WARNING = 0.5

# What a normalization by moving statistics gives, by what the batch's would give: where
# a kernel is given data so large or so small it learns badly, see DATA_HUGE.
MOVING_SMALL, MOVING_LARGE = 0.02, 50.0

# Data: outside this range of root mean squares nobody has standardized them.
DATA_SMALL, DATA_LARGE = 0.05, 20.0
# Beyond this a kernel that is given them as they are learns badly. Accuracy on
# scikit-learn's digits in two layers of 64, by Adam at 1e-3 and by SGD at 0.01: .98 and
# .88 where standardized, .97 and .95 in 0..16 (size 7.7), .91 and .08 in 0..255 (123);
# standardized and times 0.05: .95 and .37, times 0.01: .89 and .29.
DATA_TINY, DATA_HUGE = 0.02, 50.0
# Size of the largest feature by that of the smallest. Eight features, half of them
# 1e3 times as large: .68 by Adam and .52 by SGD, where .89 and .85 are learned from
# equal ones; raw ages, incomes and rates, 5e5 apart: .73 and .47.
UNEVEN_WARNING = 1e3
# Part of the features that are constant, or repeat others: of some it is no fault.
CONSTANT_WARNING = 0.5
REPEATED_WARNING = 0.5
# Part of the samples that are nothing but padding, as information.
PADDING_INFO = 0.5

# A class with less than this part of the labels is rare, and a head that starts at
# equal odds spends its first steps to learn that: 0.49 nats a sample at one in twenty.
# Three in ten, 0.08 nats, are no imbalance. Of several labels a sample each is judged
# so: one, 5 or 20 of 2 %, two layers and Adam at 1e-3, all took 300 to 400 steps from
# equal odds to the loss that the labels' frequencies begin with.
RARE_WARNING = 0.05
RARE_INFO = 0.1
RARE_NATS = 0.2

# What dropout leaves of a signal's variance, by all layers on the way. Digits in layers
# of 32 and 128 units: .96 and .98 without; .75 and .97 at 0.125, .38 and .94 at 0.06,
# .28 and .92 at 0.04, .33 at 0.01.
KEPT_INFO = 0.1
KEPT_WARNING = 0.05
KEPT_ERROR = 0.01
RATE_WARNING = 0.9

# Targets by the outputs, both root mean squares, of outputs of at least unit size: a
# step of Adam moves an output by about learning rate times width, a tenth or so, and a
# thousand times the outputs' size costs some 1e4 steps.
TARGETS_WARNING = 1e3
# The same steps are larger than targets so small: they come to a hundredth of a step.
TARGETS_TINY = 1e-3

# Part of the targets' variance that the head's activation cannot give: a tanh leaves
# 15 % of standard normal targets, and a ReLU half.
UNREACHED_WARNING, UNREACHED_ERROR = 0.02, 0.3

# A kernel's gradient, by what the layer's output gets and the kernel is given: below
# this it is what rounding leaves, on some backends, of a gradient that cancels.
NO_GRADIENT = 1e-6

# The first step. The limits are from seven networks (ReLU of three and ten layers, 512
# wide, tanh, with batch normalization, convolutions, LSTM) on the digits, SGD, Adam and
# RMSprop at rates from 1e-7 to 10, trained for 160 steps; in brackets accuracies.
# Training is some ten thousand steps, seldom more. By as many like the first, neither a
# weight nor the loss (to first order) would change by a tenth, or a thirtieth, of its
# size: SGD at 1e-6 has 0.01, Adam at 1e-7 0.01 to 0.3; SGD at 1e-4 has 0.11 to 2.
STEPS = 1e4
REACH_SHORT = 0.1
REACH_NONE = 0.03
# By which part of the loss a larger step must lower it.
GAIN = 1e-4
# What clipping leaves of the gradient's norm where it is to blame.
CLIPPED = 0.1

# Update by weight, in the middle of the kernels. Default rates have up to 0.04. Between
# 0.6 and 3 some learn (.86 to .92 with batch normalization and LSTM) and others do not
# (.09 to .27); from 6 on none does (at most .23).
STEP_WARNING = 1.0
STEP_ERROR = 5.0
# Rise of the loss by the loss. Where a tenth of the step raises it, no network learned
# (at most .29). Where only the whole does, steps of one size for all weights still
# learn: RMSprop at 0.01 and Adam at 0.1 rise by 39 and 0.2 (.91, .90), others by 2 to
# 100 (.09 to .66). A step of SGD is as long as its gradient: one that goes too far goes
# farther in the next. Rises of 0.3 and 1 to 100 did not learn (.10), of 0.03 one did.
# Momentum that diverges only after its first step is not foretold. On a parabola it
# does from a rate of 2 (1 + momentum) by the largest curvature on; one step shows the
# curvature along the gradient alone, and the largest needs passes of its own. Nor would
# it foretell: gradient descent that learns keeps at that very limit (Cohen et al. 2021,
# arXiv 2103.00065), so sound programs would be accused.
RISE_TENTH = 0.01
RISE_WARNING = 3.0
RISE_SGD_WARNING = 0.1
RISE_SGD_ERROR = 10.0
