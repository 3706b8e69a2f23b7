"""The residual branches of a model: what is in each, and where it stands."""

from keras_inits.graph import elementwise
from keras_inits.graph.graph import Graph, Step
from keras_inits.graph.residual import Backwards, Near, branches
from keras_inits.models.recipes.attention import Attention
from keras_inits.models.recipes.branch import (
    Branch,
    normalizes_first,
    norms_after,
)

MOST = 3  # branches of a block


def _collected(
    graph: Graph, behind: Backwards, end: int, near: Near, inside: set[int] | None
) -> dict[int, Step]:
    """The steps from the stream to a branch's end, by their identity.

    Args:
        graph: Of the model.
        behind: The same against its direction.
        end: Where to begin.
        near: Tensors to stop at.
        inside: Steps that the stream leads to: of what comes from elsewhere, the first
            kernel is the last step. None: all steps.
    """
    found: dict[int, Step] = {}
    queue = [end]
    while queue:
        for step in graph.makers(queue.pop()):
            if id(step) in found:
                continue
            found[id(step)] = step
            is_foreign = inside is not None and id(step) not in inside
            if not (is_foreign and behind.is_kernel(step)):
                queue += [x for x in step.inputs if x not in near]
    return found


def _steps(
    graph: Graph, behind: Backwards, end: int, near: Near
) -> tuple[list[Step], set[int]]:
    """A branch's steps in order, and the identities of those the stream leads to."""
    everything = _collected(graph, behind, end, near, None)
    reached, inside = set[int](), set[int]()
    for step in sorted(everything.values(), key=graph.number):
        if any(x in reached or x in near for x in step.inputs):
            inside.add(id(step))
            reached.update(step.outputs)
    wanted = _collected(graph, behind, end, near, inside)
    return sorted(wanted.values(), key=graph.number), inside


def _kind(steps: list[Step], inside: set[int], attentions: list[Attention]) -> str:
    """Whether a branch attends, and to what."""
    own = {id(step) for step in steps}
    for found in attentions:
        if id(found.step) not in own:
            continue
        made = {x: id(s) in inside for s in steps for x in s.outputs}
        return "attention" if made.get(found.key, True) else "cross-attention"
    return "other"


def find(graph: Graph, behind: Backwards, attentions: list[Attention]) -> list[Branch]:
    """All residual branches of a model, in order.

    Args:
        graph: Of the model.
        behind: The same against its direction.
        attentions: Where it attends.
    """
    found: list[Branch] = []
    made: dict[int, int] = {}  # from the tensor that a sum makes to its last branch
    taken: set[int] = set()
    for number, end, shortcut in branches(graph, behind):
        total = graph.steps[number]
        met = behind.meeting(end, shortcut)
        assert met is not None  # or it were no branch
        steps, inside = _steps(graph, behind, end, met.near)
        steps = [step for step in steps if id(step) not in taken]  # of one within
        taken |= {id(step) for step in steps}
        kind = _kind(steps, inside, attentions)
        before = _earlier(behind, shortcut, made, found, total)
        fresh = max((b.stream for b in found), default=-1) + 1
        one = Branch(
            number=len(found),
            stream=before.stream if before else fresh,
            place=before.place + 1 if before else 0,
            block=0,
            kind=kind,
            steps=tuple(steps),
            kernels=met.kernels,
            sum=total,
            end=end,
            shortcut=shortcut,
            normalizes_first=normalizes_first(behind, steps),
            is_normalized_after=False,
        )
        found.append(one)
        made.update(dict.fromkeys(total.outputs, one.number))
    placed: dict[int, Branch] = {}
    for stream in {b.stream for b in found}:
        own = [b for b in found if b.stream == stream]
        own = _with_norms(graph, behind, _with_blocks(own))
        placed |= {b.number: b for b in own}
    return [placed[b.number] for b in found]


def _with_blocks(stream: list[Branch]) -> list[Branch]:
    """The branches of a stream, told their blocks: each attends to itself once.

    Without attention, or where blocks are not alike or have other branches than
    attention, cross-attention and an MLP, a block is a branch.
    """
    kinds = [one.kind for one in stream]
    size = len(stream) // max(1, kinds.count("attention"))
    if size > MOST or kinds != kinds[:size] * kinds.count("attention"):
        size = 1
    return [one._replace(block=one.place // size + 1) for one in stream]


def _earlier(
    behind: Backwards,
    shortcut: int,
    made: dict[int, int],
    found: list[Branch],
    total: Step,
) -> Branch | None:
    """The branch that was added to the same stream last."""
    for one in reversed(found[-2:]):
        if one.sum is total:
            return one
    for kernels in (0, 1):  # a projection may be on the way
        way = Near(behind, shortcut, kernels).walk()
        numbers = (made[tensor] for tensor in way if tensor in made)
        last = max(numbers, default=-1) if behind.order is None else next(numbers, -1)
        if last >= 0:
            return found[last]
    return None


def _with_norms(graph: Graph, behind: Backwards, stream: list[Branch]) -> list[Branch]:
    """The branches of a stream, told whether it is normalized after each.

    A last normalization is one of the stream only where others are.
    """
    result: list[Branch] = []
    for one in stream:
        following = next(
            (b for b in stream if b.sum is not one.sum and b.place > one.place), None
        )
        is_after = bool(norms_after(graph, behind, one, following))
        if following is None:
            others = [b for b in result if b.sum is not one.sum]
            is_like = others[-1].is_normalized_after if others else None
            is_after &= not one.normalizes_first if is_like is None else is_like
        result.append(one._replace(is_normalized_after=is_after))
    return result


def factor_of_stream(graph: Graph, branch: Branch) -> float:
    """What the stream is multiplied by before a branch is added; 1 if by nothing."""
    for step in graph.makers(branch.shortcut):
        for source in graph.signals(step):
            for exit_ in elementwise.exits(graph, source):
                if exit_.tensor == branch.shortcut:
                    zero, one = elementwise.values_at(exit_.function, [0.0, 1.0])
                    return one - zero
    return 1.0
