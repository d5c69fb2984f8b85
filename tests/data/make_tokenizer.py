"""Writes tokenizer_openai.json: what OpenAI's own tokenizer makes of texts in many scripts.

Needs openai-whisper's package files (whisper/tokenizer.py and whisper/assets) and tiktoken; not torch.

    python make_tokenizer.py DIRECTORY_OF_THE_whisper_PACKAGE
"""

import importlib.util
import json
import sys
from pathlib import Path

TEXTS = [
    " And so, my fellow Americans, ask not what your country can do for you.",
    " the time to think: that's all they've got, we'll see; I'm sure you're not he'd. IT'S",
    " Der Zug hält in Köln, Düsseldorf und Übach-Palenberg – pünktlich um 7:45 Uhr.",
    " Les élèves n'ont rien compris à l'œuvre du «maître», hélas !",
    "彼は毎朝六時に起きて、コーヒーを飲みながら新聞を読みます。",
    "我们明天上午九点在北京大学的图书馆门口见面，好吗？",
    "安녕하세요, 만나서 반갑습니다.",
    " Привет, как дела? Сегодня хорошая погода.",
    " مرحبا بالعالم، كيف حالك اليوم؟",
    " यह एक परीक्षण है। मैं हिन्दी बोलता हूँ।",
    "สวัสดีครับ วันนี้อากาศดีมาก",
    " Ξεσκεπάζω την ψυχοφθόρα βδελυγμία.",
    " שלום עולם",
    " 2024: 3.14159 and 1,000,000 or ٣٤٥ and Ⅷ and ½ kg²",
    "two  spaces,   three\n\nlines\tand a tab \r\n end   ",
    "   leading",
    "\u00a0no-break\u3000ideographic\u2003em\u200bzero width",
    " 😀 family 👨‍👩‍👧 and flags 🇩🇪🇫🇷",
    " ♪ ♪♪ [Music] (laughs) <<>> -- - ' \" ♬",
    " e\u0301 combining, nai\u0308ve, ﬁ ligature, ß, İstanbul, ǆ, ʰ, ª",
    "x'sx't'ST 'REll 'll'd''",
    " https://example.org/a_b?c=d&e=%20#f",
    "'",
    " ",
    "\n",
    "a",
    " supercalifragilisticexpialidocious antidisestablishmentarianism",
    "\U00010330\U0001d54f\U000e0001 rare planes",
]

SPLITS = [
    ("en", " And so, my fellow Americans: \"don't\" ask (what) your country... can-do 5,000 for you!"),
    ("de", " Größe – »Übung« macht den Meister, 3,5 °C …"),
    ("ru", " Привет, как дела? Сегодня хорошая погода."),
    ("ja", "彼は毎朝六時に起きて、鬱蒼とした森を歩く。𠮟る"),
    ("zh", "我们明天上午九点，在北京大学见面？龘"),
    ("th", "สวัสดีครับ วันนี้อากาศดีมาก"),
    ("en", " emoji 👨‍👩‍👧 inside words😀ok ♪"),
    ("hi", " यह एक परीक्षण है।"),
]


def main():
    spec = importlib.util.spec_from_file_location("tokenizer", Path(sys.argv[1]) / "tokenizer.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    result = {"languages": list(module.LANGUAGES.items()), "other_names": module.TO_LANGUAGE_CODE, "vocabularies": []}
    for multilingual, n_languages in ((False, 99), (True, 99), (True, 100)):
        t = module.get_tokenizer(multilingual, num_languages=n_languages, language="en", task="transcribe")
        entry = {
            "n_vocab": t.encoding.n_vocab,
            "multilingual": multilingual,
            "special": {
                "eot": t.eot, "sot": t.sot, "translate": t.translate, "transcribe": t.transcribe, "sot_lm": t.sot_lm,
                "sot_prev": t.sot_prev, "no_speech": t.no_speech, "no_timestamps": t.no_timestamps,
                "timestamp_begin": t.timestamp_begin,
            },
            "language_tokens": [t.to_language_token(code) for code in list(module.LANGUAGES)[:n_languages]],
            "non_speech_tokens": list(t.non_speech_tokens),
        }
        if n_languages == 99:  # the text tokens of 99 and 100 languages are the same
            entry["texts"] = [{"text": text, "tokens": t.encode(text)} for text in TEXTS]
            entry["splits"] = []
            for language, text in SPLITS:
                t = module.get_tokenizer(multilingual, num_languages=n_languages, language=language)
                tokens = t.encode(text)
                by_character = language in {"zh", "ja", "th"}
                split = t.split_tokens_on_unicode if by_character else t.split_tokens_on_spaces
                words, groups = split(tokens)
                entry["splits"].append(
                    {"language": language, "tokens": tokens, "words": words, "groups": groups}
                )
        result["vocabularies"].append(entry)
    path = Path(__file__).with_name("tokenizer_openai.json")
    path.write_text(json.dumps(result, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


main()
