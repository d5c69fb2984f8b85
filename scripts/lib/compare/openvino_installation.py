"""Where OpenVINO GenAI is installed, and the model in its format."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import paths

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Installation:
    python: Path
    model: Path  # what optimum-cli export openvino wrote


def install(model: Path) -> Installation:
    """Installs it under build/, if it is not there, and exports the CTranslate2 directory `model` with int8 weights."""
    answer = subprocess.run(
        [paths.ROOT / "scripts" / "lib" / "python-environment", "openvino"], check=True, stdout=subprocess.PIPE, text=True
    )
    python = Path(answer.stdout.strip())
    exported = paths.ROOT / "build" / "openvino" / model.name
    if not (exported / "openvino_tokenizer.xml").is_file():
        print(f"== Exporting {model.name} to OpenVINO's format (build/openvino)", file=sys.stderr)
        checkpoint = exported.with_name(f"{model.name}-huggingface")
        subprocess.run([python, HERE / "huggingface.py", model, checkpoint], check=True)
        subprocess.run(
            [
                *(python.with_name("optimum-cli"), "export", "openvino", "--model", checkpoint),
                *("--task", "automatic-speech-recognition-with-past", "--weight-format", "int8", exported),
            ],
            check=True,
            stdout=sys.stderr,
        )
    return Installation(python, exported)
