"""Every threshold of the findings, with its reason.

None is fitted to a network: each follows from what numbers, activations or known sound
networks allow.
"""

# Forward: size of what kernels are given, by that of the data. Pooling over 10,000
# positions of noise, or a stack of three LSTMs, takes two digits, and such networks
# learn. Four digits are all that float16 has, and then some.
VANISHING_WARNING = 3e2
VANISHING_ERROR = 1e4
# Nothing healthy grows so: the sum of n independent branches grows by sqrt(n).
EXPLODING_WARNING = 1e2
EXPLODING_ERROR = 1e4

# Backward: size of gradient times signal, a number that no rescaling of a layer
# changes, of the first layers by that of the last. In sound networks of width w and
# depth d its logarithm wanders by about sqrt(d / w), and pooling takes two digits. At
# four digits one learning rate cannot move both ends.
GRADIENT_WARNING = 1e2
GRADIENT_ERROR = 1e4

# 1 − cosine of different samples, by that of the data: at 1e-4 the part that tells
# samples apart is a hundredth of the signal, and at 1e-8 four digits down, where
# bfloat16 and float16 have none left. In float32 a stack of 15 softplus layers learns
# with that, as biases soon take off what samples share; at 1e-12, six digits down, it
# has one digit left.
COLLAPSE_WARNING = 1e-4
COLLAPSE_ERROR = 1e-12
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

# Variance drawn by the right one. Fused gates are off by less than 4 in Keras's own
# recurrent layers, and these learn: a factor of two in std shows nowhere by itself.
FANS_WARNING = 4.0 * 0.999
FANS_INFO = 1.25

# Bias by what the data add to a pre-activation, both root mean squares: at 3, a unit's
# sign is decided by its bias for nearly all data.
BIAS_WARNING = 3.0
BIAS_ERROR = 30.0

# Nats above ln C. Logits of std s cost about s²/2 until one class takes all: half a
# nat for unit variance, one for a Glorot head on unit features, two or three behind
# pooling by maxima. At four nats logits have std 2.8, and the first guess gives nine
# tenths to one of ten classes.
CONFIDENT_WARNING = 4.0
CONFIDENT_ERROR = 20.0
# Root mean square of logits below which their loss cannot be four nats above ln C.
CONFIDENT_LOGITS = 1.0

# Gradients that float16 holds with fewer digits than its own: half of them.
UNDERFLOW_WARNING = 0.5

# Data: outside this range of root mean squares nobody has standardized them.
DATA_SMALL, DATA_LARGE = 0.05, 20.0
# Beyond this a kernel that is given them as they are does not make up for it: Adam
# moves a weight by the learning rate a step, whatever the gradient's size, and it would
# have to move a thousand times as far, or a thousandth.
DATA_TINY, DATA_HUGE = 1e-3, 1e3

# Targets by the outputs, both root mean squares, of outputs of at least unit size: a
# step of Adam moves an output by about learning rate times width, a tenth or so, and a
# thousand times the outputs' size costs some 1e4 steps.
TARGETS_WARNING = 1e3

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
RISE_TENTH = 0.01
RISE_WARNING = 3.0
RISE_SGD_WARNING = 0.1
RISE_SGD_ERROR = 10.0
