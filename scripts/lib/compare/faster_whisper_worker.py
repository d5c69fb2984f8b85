"""One measurement of faster-whisper in a process of its own: loads the model, does one task, writes JSON.

Run by path, not as a module: the caller's process stays small, so that this one's peak memory is its own.
"""

import argparse
import json
import time
from pathlib import Path

# What npuscribe does by default, said in faster-whisper's words. Everything else is both programs' (OpenAI's) default:
# temperature fallback 0 to 1 by 0.2, compression ratio 2.4, log probability -1, no speech 0.6.
SETTINGS = {
    "vad_filter": True,
    "condition_on_previous_text": False,
    "without_timestamps": False,
}
# The batched pipeline as it comes, without timestamps: with them it drops what a window's last timestamp leaves over,
# and its word error rate on a long file is some five points worse.
BATCHED_SETTINGS: dict[str, bool] = {}


def transcribe(model, files: list[str], beam_size: int, batch_size: int) -> dict[str, str]:
    """With a beam size of 0 as faster-whisper comes; else with npuscribe's settings."""
    from faster_whisper import BatchedInferencePipeline

    run = BatchedInferencePipeline(model).transcribe if batch_size else model.transcribe
    options = {"language": "en"}
    if batch_size:
        options["batch_size"] = batch_size
    if beam_size:
        options |= BATCHED_SETTINGS if batch_size else SETTINGS
        options["beam_size"] = beam_size
    texts = {}
    for file in files:
        segments, _ = run(file, **options)
        texts[file] = "".join(segment.text for segment in segments)
    return texts


def encode(model, file: str, calls: int) -> list[float]:
    """Seconds of each encoder call on the first 30 s of the file."""
    from faster_whisper import decode_audio

    features = model.feature_extractor(decode_audio(file)[: 30 * 16000])[:, :3000]
    seconds = []
    for _ in range(calls):
        start = time.perf_counter()
        model.encode(features)
        seconds.append(time.perf_counter() - start)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--compute-type", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--beam-size", type=int, default=0, help="0: faster-whisper's own settings")
    parser.add_argument("--batch-size", type=int, default=0, help="0: the sequential algorithm")
    parser.add_argument("--encode", type=int, default=0, help="call only the encoder, this many times")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()

    import ctranslate2
    from faster_whisper import WhisperModel

    ctranslate2.set_random_seed(0)  # sampling at a raised temperature gives the same words each time
    start = time.perf_counter()
    model = WhisperModel(
        arguments.model,
        device="cpu",
        compute_type=arguments.compute_type,
        cpu_threads=arguments.threads,
        local_files_only=True,
    )
    loaded = time.perf_counter()
    result = {"load": loaded - start}
    if arguments.encode:
        result["encoder"] = encode(model, arguments.files[0], arguments.encode)
    else:
        result["texts"] = transcribe(model, arguments.files, arguments.beam_size, arguments.batch_size)
        result["work"] = time.perf_counter() - loaded
    arguments.output.write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
