"""`disconnect` after rollouts: what stood in Label Studio before the first connection is what stands there again."""

from console.connect import connect, disconnect
from cueloop.label_studio import LabelStudio
from cueloop.store import schema as s
from sync.pull import pull
from tests.ml_backend.conftest import CONFIG, examples
from tests.ml_backend.rollout.scene import Scene


def test_disconnect_after_rollouts_brings_back_the_version_that_was_shown(home, store, fake_label_studio,
                                                                          project_factory):
    # Given a project that shows predictions of somebody else's
    texts = [{"text": e.text} for e in examples(6)]
    project = project_factory(fake_label_studio, tasks=texts, label_config=CONFIG)
    with LabelStudio(fake_label_studio.url, fake_label_studio.admin_token) as admin:
        ids = sorted(row["id"] for row in admin.all_ids(project))
        admin.import_predictions(project, [
            {"task": number, "result": [], "score": 0.5, "model_version": "theirs"} for number in ids])
        admin.patch_project(project, model_version="theirs")
        connect(home, store, admin, project)
        pull(store, admin, project, pause=None)
        scene = Scene.known(store, admin, project)
        # When three versions were rolled out, old ones removed, and a fourth was on its way
        for version in ("v1", "v2", "v3"):
            scene.serve(version)
            scene.run(old="remove", keep=0)
            scene.later(hours=2)
            scene.run(old="remove", keep=0)
        assert scene.there() == {"theirs": 6, "v3": 6, "v3-alt2": 6}
        scene.serve("v4", scene.keys[:2])
        scene.update(s.tasks, scene.keys[0], is_labeled=True)
        scene.run()
        disconnect(home, store, admin, project, settle=0)
        # Then only theirs are there, and shown
        assert scene.there() == {"theirs": 6}
        assert scene.shown() == "theirs"
