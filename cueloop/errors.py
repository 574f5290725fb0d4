"""Every error that Cueloop raises on purpose. Its message names the thing, the place and what to do."""


class CueloopError(Exception):
    """Base of all: the command line prints its message and exits 1, without a traceback."""


class SettingsError(CueloopError):
    """Raised when a setting is missing or makes no sense."""


class StoreError(CueloopError):
    """Raised when the store cannot be opened or its schema is newer than this Cueloop."""


class LabelStudioError(CueloopError):
    """Raised when Label Studio answers something that we cannot use.

    `status` is the HTTP status, 0 when there was none. From 500 on nobody knows whether the call was carried out.
    """

    status = 0


class LabelStudioUnreachable(LabelStudioError):
    """Raised when Label Studio does not answer at its URL."""


class LabelStudioRefused(LabelStudioError):
    """Raised when Label Studio refuses our token or forbids the call."""


class NotFound(CueloopError):
    """Raised when a project, task, model, version or annotator of that name does not exist."""


class LabelConfigError(CueloopError):
    """Raised when a label config cannot be read, or has no control that Cueloop can model."""


class QueueUnavailable(CueloopError):
    """Raised when Redis does not answer: jobs wait, everything else goes on."""


class FileError(CueloopError):
    """Raised when a file that people write cannot be read, or has mistakes."""


class RulesError(FileError):
    """Raised when a rules file has mistakes; lists every one with file, line and column."""


class ModelError(CueloopError):
    """Raised when a model cannot be trained, loaded or promoted."""


class DataError(CueloopError):
    """Raised when input data lacks a column, a field or a value that is needed."""


class Conflict(CueloopError):
    """Raised when something of somebody else's stands where ours should go."""


class PartFailed(CueloopError):
    """Raised when an embedded part (Label Studio, Valkey, a process) does not start or stay up."""
