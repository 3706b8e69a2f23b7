"""What a file from anybody may do: nothing, but be read or refused in a few words.

`run(action)` fails with a `Fault` where it does more. Errors are told apart by where
they came through: one with a frame of this package in its traceback must be a
`ValueError` of a few words, even if Keras has packed it into another. One that Keras
raises about its own part of a file, such as a class that it does not know, is Keras's
to word.
"""

import contextlib
import pathlib
import resource
import signal
import sys

import keras

import keras_inits
from keras_inits.files import h5_config

OURS = str(pathlib.Path(keras_inits.__file__).parent)
KERAS = str(pathlib.Path(keras.__file__).parent)
PROCESS = pathlib.Path("/proc/self")
WORDS = 2000  # characters of a refusal
SECONDS = 5  # until an action hangs
MEMORY = 1 << 28  # bytes that an action may add
SPACE = 1 << 32  # bytes of address space, so that the machine stays alive
# Whose modules load more of themselves at first use; none is named by a file.
LAZY = ("keras", "keras_inits", "tensorflow", "jax", "jaxlib", "torch", "numpy")
LAZY += ("numba", "llvmlite", "h5py", "ml_dtypes", "scipy", "encodings", "rich")
LAZY += tuple(sys.stdlib_module_names - {"antigravity", "this", "code", "pdb", "cmd"})
RUNS = ("os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.startfile", "os.system")
RUNS += ("pickle.find_class", "socket.connect", "subprocess.Popen", "webbrowser.open")

_watching = [False]
_seen: list[str] = []


class Fault(AssertionError):
    """An action did what no file may make it do."""


def _audit(event, arguments):
    if not _watching[0]:
        return
    own = event == "subprocess.Popen" and h5_config.__file__ in arguments[1]
    if event in RUNS and not own:
        _seen.append(f"{event} {arguments!r}"[:200])
    elif event == "import" and str(arguments[0]).partition(".")[0] not in LAZY:
        _seen.append(f"import {arguments[0]}"[:200])


sys.addaudithook(_audit)


@contextlib.contextmanager
def _limits(seconds):
    """Ends what takes too long or too much memory."""

    def hang(*_):
        raise Fault(f"It takes more than {seconds} s.")

    size = int((PROCESS / "statm").read_text().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    limit = size * resource.getpagesize() + SPACE
    resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    old = signal.signal(signal.SIGALRM, hang) if seconds else None
    try:
        if seconds:
            signal.alarm(seconds)
        yield
    finally:
        if seconds:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, old)
        resource.setrlimit(resource.RLIMIT_AS, before)


def _peak():
    """The most memory that this process has had since it was set back, in bytes."""
    for line in (PROCESS / "status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) << 10
    raise RuntimeError("Linux says nothing of the peak.")


def _peak_since_now():
    """Sets the peak back to the memory there is, and returns that."""
    with contextlib.suppress(OSError):  # where that is not allowed, less is seen
        (PROCESS / "clear_refs").write_text("5")
    return _peak()


def _files(error):
    """The files of a traceback, outermost first."""
    frame, found = error.__traceback__, []
    while frame:
        found.append(frame.tb_frame.f_code.co_filename)
        frame = frame.tb_next
    return found


def _chain(error):
    """An error, what it came of, and so on."""
    while error is not None:
        yield error
        error = error.__cause__ or (
            None if error.__suppress_context__ else error.__context__
        )


def place(error):
    """The last line of this package that an error came through, or of any."""
    frame, found = error.__traceback__, "nowhere"
    while frame:
        name = frame.tb_frame.f_code.co_filename
        if name.startswith(OURS) or found == "nowhere":
            found = f"{pathlib.Path(name).name}:{frame.tb_lineno}"
        frame = frame.tb_next
    return f"{type(error).__name__} at {found}"


def _judge(error):
    """Raises what is wrong about an error, if anything is."""
    for one in _chain(error):
        files = _files(one)
        ours = any(name.startswith(OURS) for name in files)
        theirs = any(name.startswith(KERAS) for name in files)
        refusal = isinstance(one, ValueError) and len(str(one)) < WORDS
        if isinstance(one, Fault) or (ours and not refusal) or not (ours or theirs):
            raise Fault(f"{place(one)}: {str(one)[:300]}") from error
        if ours and refusal:
            return  # what it came of has been answered


def run(action, seconds=SECONDS):
    """Whether an action is taken; False where it is refused.

    Args:
        action: Called without arguments.
        seconds: After which it hangs; None where somebody else looks at the clock.

    Raises:
        Fault: If it does more than be read or refused.
    """
    modules = set(sys.modules)
    before = _peak_since_now()
    _seen.clear()
    taken = True
    try:
        with _limits(seconds):
            _watching[0] = True
            try:
                action()
            finally:
                _watching[0] = False
    except (Exception, Fault) as error:
        taken = False
        _judge(error)
    if (more := _peak() - before) > MEMORY:
        raise Fault(f"It takes {more >> 20} MB.")
    new = {name.partition(".")[0] for name in set(sys.modules) - modules} - set(LAZY)
    if _seen or new:
        raise Fault(f"It runs or imports: {_seen} {sorted(new)}")
    return taken
