"""How people are shown what they are asked, and how it is known that they are: the one seam to Label Studio's editions.

Community has no assignment: a queue is a link whose filter names the annotator, and membership is a key in the task's
data. Enterprise has endpoints that assign users to tasks: a channel that calls them would write who is asked
(`queue_names(want["cue"][QUEUE])`, a name for each annotator), the overlap and the closing, compare them with the
assignees that a pull saw, and lead to Label Studio's own label stream. Nothing else in routing knows the difference.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from cueloop.label_studio import LabelStudio
from cueloop.store import Store
from cueloop.store.routes import Route
from routing.deciding.places import Place
from routing.showing import patch, queues, wanted
from routing.showing.wanted import Wanted


class Channel(Protocol):
    """What an edition of Label Studio must offer."""

    def shows(self, want: Wanted, place: Place, asked: Collection[str]) -> bool:
        """Whether Label Studio, as last seen, already does what is wanted; `asked` are the queues of those asked."""

    def write(self, store: Store, client: LabelStudio, project_id: int, routes: Sequence[Route],
              until: float) -> tuple[int, float]:
        """Show what is wanted, until `until` (monotonic clock); how many tasks were confirmed, and the longest time
        in seconds between a look at a task and the end of its write. Safe to end anywhere and to call again."""

    def link(self, base_url: str, project_id: int, queue: str, *, labeling: bool = True) -> str:
        """The address at which an annotator works through what they are asked."""


class CommunityQueues:
    """Queues as links, membership as data: see `routing.showing.queues` and `patch`."""

    def shows(self, want: Wanted, place: Place, asked: Collection[str]) -> bool:
        """See `Channel`."""
        return wanted.satisfied(want, place, asked)

    def write(self, store: Store, client: LabelStudio, project_id: int, routes: Sequence[Route],
              until: float) -> tuple[int, float]:
        """See `Channel`."""
        return patch.write(store, client, project_id, routes, until)

    def link(self, base_url: str, project_id: int, queue: str, *, labeling: bool = True) -> str:
        """See `Channel`."""
        return queues.link(base_url, project_id, queue, labeling=labeling)


CHANNEL: Channel = CommunityQueues()
"""The one in use."""
