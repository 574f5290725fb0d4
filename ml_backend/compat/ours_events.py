"""What label-studio-ml 1.0.9 is given instead of its own job managers, where the model is ours.

Its own name a version after a number of their choice, so that Label Studio would take every prediction of ours for one
of another version and store it again and again; and they write each event to disk, with the project and its tokens, and
fork a process for it.
"""

from __future__ import annotations

from typing import Any


def take_over(upstream: Any, ours: type[Any]) -> None:
    """Have `upstream`, the module label_studio_ml.model of 1.0.9, ask models of class `ours` themselves."""
    manager = upstream.LabelStudioMLManager
    original = manager.get_job_manager.__func__

    class Asked(upstream.JobManager):  # type: ignore[misc]
        """Answers from the model; starts nothing of its own."""

        def get_result(self, model_version: Any = None) -> dict[str, Any]:
            """The result of the "last job", whose id it takes for the model's version."""
            return {"job_id": manager.model_class().version()}

        def run_job(self, model_class: Any, args: tuple[str, dict[str, Any], str]) -> None:
            """An event came in."""
            event, data, job_id = args
            model_class().process_event(event, data, job_id, {})

    def get_job_manager(cls: Any) -> Any:
        return Asked() if issubclass(cls.model_class, ours) else original(cls)

    manager.get_job_manager = classmethod(get_job_manager)
