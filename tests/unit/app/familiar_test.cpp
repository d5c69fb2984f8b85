#include "familiar.h"

#include <algorithm>
#include <iterator>
#include <sstream>

#include "option.h"
#include "transcribe_command.h"

namespace npuscribe::app {
namespace {

using test_support::TranscribeCommand;

std::vector<std::string> words(const std::string& line) {
    std::istringstream in(line);
    return {std::istream_iterator<std::string>(in), {}};
}

TranscribeSettings parsed(const std::string& line) {
    return test_support::parsed(words(line));
}

std::string refusal(const std::string& line) {
    return test_support::refusal(words(line));
}

// The options that each program's own parser declares.
// ggml-org/whisper.cpp, examples/cli/cli.cpp: whisper_params_parse.
constexpr const char* kWhisperCpp =
    "-t --threads -p --processors -ot --offset-t -on --offset-n -d --duration -mc --max-context -ml "
    "--max-len -bo "
    "--best-of -bs --beam-size -ac --audio-ctx -wt --word-thold -et --entropy-thold -lpt --logprob-thold "
    "-nth "
    "--no-speech-thold -tp --temperature -tpi --temperature-inc -debug --debug-mode -tr --translate -di "
    "--diarize "
    "-tdrz --tinydiarize -sow --split-on-word -nf --no-fallback -otxt --output-txt -ovtt --output-vtt -osrt "
    "--output-srt -owts --output-words -olrc --output-lrc -fp --font-path -ocsv --output-csv -oj "
    "--output-json -ojf "
    "--output-json-full -of --output-file -np --no-prints -ps --print-special -pc --print-colors "
    "--print-confidence "
    "-pp --print-progress -nt --no-timestamps -l --language -dl --detect-language --prompt "
    "--carry-initial-prompt -m "
    "--model -f --file -oved --ov-e-device -dtw --dtw -ls --log-score -ng --no-gpu -dev --device -fa "
    "--flash-attn "
    "-nfa --no-flash-attn -sns --suppress-nst --suppress-regex --grammar --grammar-rule --grammar-penalty "
    "--vad -vm "
    "--vad-model -vt --vad-threshold -vspd --vad-min-speech-duration-ms -vsd --vad-min-silence-duration-ms "
    "-vmsd "
    "--vad-max-speech-duration-s -vp --vad-speech-pad-ms -vo --vad-samples-overlap";
// openai/whisper, whisper/transcribe.py: cli.
constexpr const char* kOpenAi =
    "--model --model-dir --device -o --output-dir -f --output-format --verbose --task --language "
    "--temperature "
    "--best-of --beam-size --patience --length-penalty --suppress-tokens --initial-prompt "
    "--carry-initial-prompt "
    "--condition-on-previous-text --fp16 --temperature-increment-on-fallback --compression-ratio-threshold "
    "--logprob-threshold --no-speech-threshold --word-timestamps --prepend-punctuations "
    "--append-punctuations "
    "--highlight-words --max-line-width --max-line-count --max-words-per-line --threads --clip-timestamps "
    "--hallucination-silence-threshold";
// Softcatala/whisper-ctranslate2, src/whisper_ctranslate2/commandline.py: what it adds to those.
constexpr const char* kCTranslate2 =
    "--model-directory --local-files-only --pretty-json -p --print-colors --device-index --compute-type "
    "--prompt-reset-on-temperature --prefix --suppress-blank --repetition-penalty --no-repeat-ngram-size "
    "--hotwords "
    "--batched --batch-size --multilingual --vad-filter --vad-onset --vad-threshold "
    "--vad-min-speech-duration-ms "
    "--vad-max-speech-duration-s --vad-min-silence-duration-ms --hf-token --speaker-name --speaker-num "
    "--live-transcribe --live-volume-threshold --live-input-device --live-input-device-sample-rate";
// m-bain/whisperX, whisperx/__main__.py: the same.
// SYSTRAN/faster-whisper, WhisperModel and transcribe(), and huggingface/transformers' pipeline: what people
// type as options.
constexpr const char* kLibraries =
    "--cpu-threads --num-workers --chunk-length --chunk-length-s --max-new-tokens "
    "--language-detection-threshold --language-detection-segments";
constexpr const char* kWhisperX =
    "--model-cache-only --log-level --align-model --interpolate-method --timestamp-sanitize --no-align "
    "--return-char-alignments --vad-method --vad-offset --chunk-size --diarize --min-speakers --max-speakers "
    "--diarize-model --speaker-embeddings --suppress-numerals --segment-resolution --print-progress";

}  // namespace

TEST_CASE("no option of another program is unknown, or a letter with a value behind it") {
    const TranscribeCommand transcribe;
    for (const char* program : {kWhisperCpp, kOpenAi, kCTranslate2, kWhisperX, kLibraries}) {
        for (const std::string& name : words(program)) {
            INFO(name);
            const bool ours = transcribe.command.get_option_no_throw(name) != nullptr;
            CHECK((ours || find(familiar_options(), name, nullptr) != nullptr));
        }
    }
}

TEST_CASE("what an option of another program stands for, or is advised to be, are options that exist") {
    TranscribeCommand transcribe;
    constexpr const char* kName = "abcdefghijklmnopqrstuvwxyz0123456789-";
    for (const Familiar& entry : familiar_options()) {
        INFO(entry.typed);
        CHECK(entry.text.empty() ==
              (entry.reading != Familiar::Reading::means && entry.reading != Familiar::Reading::refused));
        const std::string text(entry.text);
        for (size_t at = text.find("--"); at != std::string::npos;
             at = text.find("--", at)) {  // --name[=value]
            const size_t end = std::min(text.find_first_not_of(kName, at), text.size());
            const std::string name = text.substr(at, end - at);
            INFO(name);
            REQUIRE(transcribe.command.get_option_no_throw(name) != nullptr);
            at = end;
            if (at == text.size() || text[at] != '=') continue;
            at = std::min(text.find_first_not_of(kName, end + 1), text.size());
            if (at > end + 1)
                CHECK_NOTHROW(transcribe.read({name + "=" + text.substr(end + 1, at - end - 1)}));
        }
    }
}

TEST_CASE("a command line of whisper.cpp's does what it does there") {
    const TranscribeSettings p = parsed(
        "-m tiny -f talk.wav -otxt -osrt -ovtt -ocsv -olrc -oj -ojf -l de -tr -t 3 -bs 4 -bo 2 -ml 40 -sow "
        "-ot 1000 -d "
        "5000 -np -nt -pp -nf -fa -ng -mc 0 -sns --vad -vt 0.4 -ac 512 -of out/talk -pc "
        "--carry-initial-prompt --prompt Hi "
        "--file b.wav");
    const DecodingOptions& decoding = p.session.transcribe.decoding;
    CHECK(p.inputs == std::vector<std::string>{"talk.wav", "b.wav"});
    CHECK(p.formats == "txt,srt,vtt,csv,lrc,json,json-full");
    CHECK(p.session.transcribe.task == Task::translate);
    CHECK(p.session.threads == 3);
    CHECK(decoding.beam_size == 4);
    CHECK(decoding.best_of == 2);
    CHECK(decoding.word_timestamps);
    CHECK(p.subtitles.max_line_width == 40);
    CHECK(p.subtitles.max_line_count == 1);
    CHECK(p.offset == 1);
    CHECK(p.duration == 5);
    CHECK(p.quiet);
    CHECK(p.output_name == "out/talk");
    CHECK(p.print_colors);
    CHECK(decoding.without_timestamps);
    CHECK_FALSE(p.temperature_increment.has_value());
    CHECK(p.session.device == "cpu");
    CHECK_FALSE(p.session.transcribe.condition_on_previous_text);
    CHECK(p.session.transcribe.n_audio_ctx == 512);
    CHECK(p.session.transcribe.initial_prompt == "Hi");
}

TEST_CASE("0 of whisper.cpp's is all, or none, as there") {
    const TranscribeSettings p = parsed("-d 0 -ac 0 -ml 0 -on 0 -p 1 a.wav");
    CHECK_FALSE(p.duration.has_value());
    CHECK(p.session.transcribe.n_audio_ctx == 0);
    CHECK_FALSE(p.subtitles.max_line_width.has_value());
    CHECK(p.inputs == std::vector<std::string>{"a.wav"});
    CHECK(test::contains(refusal("-p 4 a.wav"), "--threads"));
    CHECK(test::contains(refusal("-ot 1.5 a.wav"), "milliseconds"));
}

TEST_CASE("-f takes formats, as openai-whisper's, and recordings, as whisper.cpp's") {
    const TranscribeSettings p = parsed("-f srt -f talk.flac -f txt,json -f -");
    CHECK(p.formats == "srt,txt,json");
    CHECK(p.inputs == std::vector<std::string>{"talk.flac", "-"});
    CHECK(test::contains(refusal("-f docx"),
                         "invalid value 'docx' for --output-format: expected one of txt, srt"));
    CHECK(test::contains(refusal("--output-format talk.wav"), "give it without an option"));
}

TEST_CASE("a command line of openai-whisper's does what it does there") {
    const TranscribeSettings p = parsed(
        "talk.mp3 --model base --language None --output_format srt --output_dir out --fp16 False --verbose "
        "False "
        "--word_timestamps True --condition_on_previous_text False --beam_size None --best_of None --threads "
        "4 "
        "--hallucination_silence_threshold None --max_line_width None --clip_timestamps 0,10");
    CHECK(p.inputs == std::vector<std::string>{"talk.mp3"});
    CHECK(p.session.transcribe.language.empty());
    CHECK(p.session.precision == Precision::fp32);
    CHECK_FALSE(p.verbose);
    CHECK(p.session.transcribe.decoding.word_timestamps);
    CHECK(p.session.transcribe.decoding.beam_size == 1);
    CHECK(p.session.transcribe.decoding.best_of == 1);
    CHECK(p.clip_timestamps.size() == 1);
}

TEST_CASE("a command line of whisper-ctranslate2's or WhisperX's does what it does there") {
    const TranscribeSettings p = parsed(
        "talk.mp3 --compute_type int8_float32 --vad_filter False --vad_onset 0.3 --batched True --batch_size "
        "None "
        "--print_colors False --local_files_only True --model_directory dir --device_index 0 --log-level "
        "debug "
        "--live_transcribe False --chunk_size 30 --no_align --vad_method silero --print_progress True");
    CHECK(p.inputs == std::vector<std::string>{"talk.mp3"});
    CHECK(p.session.precision == Precision::int8);
    CHECK(p.session.transcribe.vad);  // the last one counts
    CHECK(p.session.transcribe.vad_options.threshold == 0.3F);
    CHECK(p.session.model == "dir");
    CHECK(p.verbose);
    CHECK(parsed("--compute-type=float32 a.wav").session.precision == Precision::fp32);
}

TEST_CASE("True and False after what is a switch there are its value") {
    CHECK(parsed("--output-srt True --output-vtt False a.wav").formats == "srt");
    CHECK(parsed("--output-srt=false a.wav").formats.empty());
    CHECK(parsed("--output-srt True a.wav").inputs == std::vector<std::string>{"a.wav"});
    CHECK(test::contains(refusal("--output-srt=talk a.wav"), "takes no value"));
}

TEST_CASE("what cannot be had says what to type, all of it at once") {
    CHECK(test::contains(refusal("--fp16 True a.wav"), "--precision"));
    CHECK(test::contains(refusal("--model_dir x"), "NPUSCRIBE_MODELS"));
    CHECK(test::contains(refusal("--device cuda a.wav"),
                         "--device cuda is not available: use --device auto, cpu"));
    CHECK(test::contains(refusal("--compute_type float16 a.wav"), "--precision"));
    CHECK(test::contains(refusal("-wt 0.1"), "leave it out"));
    CHECK(
        test::contains(refusal("--num_workers 4 a.wav"), "--num-workers is not available: use --threads N"));
    CHECK(test::contains(refusal("--chunk_length 15 a.wav"), "cut at pauses"));
    CHECK(parsed("--chunk_length 30 a.wav").inputs.size() == 1);
    CHECK(test::contains(refusal("--max_new_tokens 128 a.wav"), "224 tokens"));
    const std::string several = refusal("-dev 1 -owts --live_transcribe True a.wav");
    for (const char* part :
         {"-dev is not available: use --device", "-owts is not available: use --word-timestamps",
          "; --live-transcribe is not available: record"})
        CHECK(test::contains(several, part));
}

}  // namespace npuscribe::app
