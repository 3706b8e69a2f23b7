"""What each weight of a built model is for, in a Transformer or a residual network.

Roles come from the graph and from what the layers do: what a softmax sums are keys,
what it is multiplied with are values, what ends a residual branch is its last kernel.
The names of layers and of weights say nothing.
"""

from collections.abc import Iterable
from typing import Any

from keras_inits.geometry.roles import KERNEL_ROLES, Role
from keras_inits.graph.consumers import ACTIVATION, PRODUCT, followers
from keras_inits.graph.graph import Step
from keras_inits.graph.heads import heads
from keras_inits.graph.layer_defaults import LayerDefaults, present
from keras_inits.graph.normalizations import is_normalizing
from keras_inits.graph.residual import backwards
from keras_inits.graph.trace import trace
from keras_inits.graph.weights import weights_of
from keras_inits.initializers import Ones
from keras_inits.models.recipes import branches
from keras_inits.models.recipes.attention import Attention, attentions, is_softmax
from keras_inits.models.recipes.branch import Branch, norms_after
from keras_inits.models.recipes.parts import TOGETHER, Anatomy, Part, Place
from keras_inits.models.recipes.tables import Tables, tables


class _Finder:
    """Finds the parts of the weights of a model."""

    def __init__(self, model: Any) -> None:
        self.infos = LayerDefaults().corrected(weights_of(model))
        self.by_id = {id(info.variable): info for info in self.infos}
        self.graph = trace(model)
        self.behind = backwards(self.graph, self.infos)
        self.attentions = list(attentions(self.graph, self.behind))
        self.branches = branches.find(self.graph, self.behind, self.attentions)
        self.places: dict[str, Place] = {}

    def put(self, variable: Any, part: Part, branch: Branch | None = None) -> None:
        """Notes a weight's part; the first that is found counts."""
        info = self.by_id.get(id(variable))
        if info is not None:
            self.places.setdefault(info.path, Place(info, part, branch))

    def kernels(self, steps: Iterable[Step]) -> dict[int, Any]:
        """The kernels of steps, by their identity."""
        return {
            id(v): v for s in steps for v in s.variables if id(v) in self.behind.kernels
        }

    def attention(self, found: Attention, branch: Branch | None) -> None:
        """The kernels of queries, keys, values and outputs."""
        steps = branch.steps if branch else self.graph.steps
        own = self.kernels(steps)
        uses: dict[int, set[str]] = {}
        for name in ("query", "key", "value"):
            for variable in self.behind.last(getattr(found, name), set()):
                if id(variable) in own:
                    uses.setdefault(id(variable), set()).add(name)
        for variable_id, names in uses.items():
            part = TOGETHER.get(frozenset(names), Part.FUSED)
            self.put(own[variable_id], part, branch)
        for step in self._next_kernels(found.step, branch):
            for variable in self.behind.last_kernels(step):
                if id(variable) not in uses:
                    self.put(variable, Part.ATTENTION_OUTPUT, branch)

    def _next_kernels(self, start: Step, branch: Branch | None) -> list[Step]:
        """The steps with kernels that take what a step makes."""
        allowed = {id(step) for step in branch.steps} if branch else None
        queue, seen, found = [*start.outputs], set(start.outputs), list[Step]()
        while queue:
            for step in self.graph.consumers(queue.pop(0)):
                if allowed is not None and id(step) not in allowed:
                    continue
                if self.behind.is_kernel(step):
                    found.append(step)
                    continue
                fresh = [x for x in step.outputs if x not in seen]
                seen.update(fresh)
                queue += fresh
        return found

    def others(self, branch: Branch, follows: dict[str, Any]) -> None:
        """First, middle and last kernels, gates, gains and scalars of a branch."""
        own = self.kernels(branch.steps)
        ends = {id(v) for v in self.behind.last(branch.end, set())}
        main = self._main(branch)
        depths: dict[int, bool] = {}  # whether a kernel is before a tensor
        firsts: list[Any] = []
        for step in branch.steps:
            is_after = any(depths.get(x, False) for x in step.inputs)
            is_kernel = self.behind.is_kernel(step)
            depths |= dict.fromkeys(step.outputs, is_after or is_kernel)
            for variable in step.variables:
                if id(variable) in own:
                    if id(variable) in ends:
                        self.put(variable, Part.LAST, branch)
                    elif id(step) not in main:
                        self.put(variable, Part.ROUTER, branch)
                    elif is_after or variable.name == "pointwise_kernel":
                        self.put(variable, Part.MIDDLE, branch)
                    else:
                        firsts.append(variable)
                elif is_normalizing(step):
                    if self.is_gain(variable):
                        norm = Part.INNER_NORM if is_after else Part.PRE_NORM
                        self.put(variable, norm, branch)
                elif step.name == "Multiply" and is_after:
                    self.put(variable, Part.SCALAR, branch)
        for variable in firsts:
            following = follows.get(self.by_id[id(variable)].path)
            gates = (
                len(firsts) > 1
                and following is not None
                and following.kind == ACTIVATION
                and PRODUCT in following.after
            )
            self.put(variable, Part.GATE if gates else Part.FIRST, branch)

    def _main(self, branch: Branch) -> set[int]:
        """The steps of a branch but for what only chooses by a softmax.

        The scores of attention are no choice among experts: they count as well.
        """
        scores = {x for a in self.attentions for x in (a.query, a.key)}
        own = {id(step) for step in branch.steps}
        found: set[int] = set()
        made = {x for step in branch.steps for x in step.outputs}
        queue = [branch.end, *(scores & made)]
        while queue:
            for step in self.graph.makers(queue.pop()):
                if id(step) in own - found and not is_softmax(step):
                    found.add(id(step))
                    queue += step.inputs
        return found

    def is_gain(self, variable: Any) -> bool:
        """Whether a normalization's variable multiplies."""
        info = self.by_id.get(id(variable))
        if info is None or not info.weight.note:
            return info is not None and info.weight.role == Role.GAIN
        return isinstance(present(info), Ones)  # its layer does not tell

    def norms_after(self, branch: Branch, following: Branch | None) -> None:
        """The gains of the normalizations of the stream after a branch."""
        if not branch.is_normalized_after:
            return
        steps = norms_after(self.graph, self.behind, branch, following)
        for variable in (v for step in steps for v in step.variables):
            if self.is_gain(variable):
                self.put(variable, Part.POST_NORM, branch)

    def embeddings(self) -> Tables:
        """The parts of embeddings: of what is no token's, a position's is assumed."""
        found = tables(self.graph, self.infos)
        for info in self.infos:
            if info.weight.role == Role.EMBEDDING:
                is_token = info.path in found.tokens
                self.put(info.variable, Part.EMBEDDING if is_token else Part.POSITION)
        return found

    def added(self) -> None:
        """Weights that are added to the signal, with an axis more than a bias has."""
        for step in self.graph.steps:
            for variable in step.variables if step.name == "Add" else ():
                info = self.by_id.get(id(variable))
                if info is not None and info.weight.role in KERNEL_ROLES:
                    self.put(variable, Part.POSITION)

    def rest(self) -> None:
        """What is not in a branch, and heads."""
        for info in self.infos:
            role = info.weight.role
            part = Part.KERNEL if role in KERNEL_ROLES else Part.OTHER
            if role in (Role.BIAS, Role.GAIN):
                part = Part(str(role))
            is_head = hasattr(info.layer, "reverse_embeddings") and role == Role.KERNEL
            self.put(info.variable, Part.HEAD if is_head else part)


def anatomy(model: Any) -> Anatomy:
    """What each weight of a model is for, and the residual branches they are in.

    Args:
        model: Built.

    Raises:
        ValueError: If the model is not built.
    """
    finder = _Finder(model)
    graph, infos = finder.graph, finder.infos
    for head in heads(graph, infos):
        (info,) = (info for info in infos if info.path == head.path)
        finder.put(info.variable, Part.HEAD)
    tied = finder.embeddings().tied
    finder.added()
    inside = {id(s): one for one in finder.branches for s in one.steps}
    for found in finder.attentions:
        finder.attention(found, inside.get(id(found.step)))
    follows = followers(graph, infos)
    for one in finder.branches:
        finder.others(one, follows)
        later = (b for b in finder.branches if b.stream == one.stream)
        following = next((b for b in later if b.place > one.place), None)
        finder.norms_after(one, following)
    finder.rest()
    ordered = {info.path: finder.places[info.path] for info in infos}
    return Anatomy(ordered, finder.branches, tied, graph, finder.behind)
