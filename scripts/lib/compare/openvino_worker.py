"""One measurement of OpenVINO GenAI in a process of its own: loads the model, transcribes, writes JSON.

Run by path and by the interpreter of its own environment (scripts/lib/python-environment openvino).
"""

import argparse
import json
import subprocess
import time
from pathlib import Path


def read_audio(file: str):
    """The file as the pipeline wants it: 16 kHz, mono, float."""
    import numpy

    command = ["ffmpeg", "-v", "error", "-i", file, "-ac", "1", "-ar", "16000", "-f", "f32le", "-"]
    answer = subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return numpy.frombuffer(answer.stdout, dtype=numpy.float32)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True, help="a directory that optimum-cli export openvino wrote")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--beam-size", type=int, default=0, help="0: what the pipeline does by itself")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()

    import openvino_genai

    start = time.perf_counter()
    pipeline = openvino_genai.WhisperPipeline(arguments.model, "CPU", INFERENCE_NUM_THREADS=arguments.threads)
    loaded = time.perf_counter()
    options = {"language": "<|en|>", "task": "transcribe"} if pipeline.get_generation_config().is_multilingual else {}
    if arguments.beam_size:
        options["num_beams"] = arguments.beam_size
    texts = {file: str(pipeline.generate(read_audio(file), **options)) for file in arguments.files}
    result = {"load": loaded - start, "work": time.perf_counter() - loaded, "texts": texts}
    arguments.output.write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
