"""Words of texts, and the language that they are in."""

from __future__ import annotations

import unicodedata

import pytest

from satsuma.statistics.text.function_words import FUNCTION_WORDS
from satsuma.statistics.text.language_samples import SAMPLES
from satsuma.statistics.text.languages import detect_language
from satsuma.statistics.text.words import normalised, stop_words, words_of


def test_words_are_folded_composed_and_without_figures() -> None:
    assert words_of("Échec TOTAL, 3 fois en 2024 !") == ["échec", "total", "fois", "en"]
    assert words_of(unicodedata.normalize("NFD", "Égalité")) == ["égalité"]
    assert words_of("STRASSE Straße") == ["strasse", "strasse"]
    assert words_of("") == []
    assert words_of("123 +++ !!! 😍") == []


def test_an_apostrophe_stays_inside_a_word_and_parts_what_was_elided() -> None:
    assert words_of("Don’t, can't") == ["don't", "can't"]
    assert words_of("L'appareil n’a qu'un bouton") == ["appareil", "a", "un", "bouton"]
    assert words_of("dell'acqua") == ["acqua"]


def test_addresses_and_entities_say_nothing() -> None:
    assert words_of("see https://shop.example/p?id=7 or mail jane.doe@example.com now") == ["see", "or", "mail", "now"]
    assert words_of("it&#39;s &quot;fine&quot; &amp; good") == ["it's", "fine", "good"]


def test_scripts_without_spaces_give_pairs_of_neighbours() -> None:
    assert words_of("音が良い") == ["音が", "が良", "良い"]
    assert words_of("Alexa很好") == ["alexa", "很好"]
    assert words_of("소리가 좋아요") == ["소리가", "좋아요"]


def test_function_words_are_written_as_words_come() -> None:
    for code, listed in FUNCTION_WORDS.items():
        assert len(listed) > 100, code
        assert [word for word in listed if normalised(word) != word] == [], code
    assert words_of("I enjoy the sound of it", stop_words(["en"])) == ["enjoy", "sound"]
    assert stop_words(["xx"]) == frozenset()
    assert FUNCTION_WORDS.keys() == SAMPLES.keys()


SENTENCES = {
    "en": ["The speaker is great and I love it", "Not happy with this at all", "Easy to set up and use every day",
           "My wife wanted one for the kitchen, so we ordered two of them"],
    "fr": ["Très contente de mon achat", "Le produit ne marche plus après une semaine", "Je suis déçu par la qualité",
           "Bonne idée cadeau pour les fêtes, mes parents en sont ravis"],
    "de": ["Preis und Leistung stimmen", "Die Lieferung hat leider zu lange gedauert", "Würde ich wieder bestellen",
           "Nach zwei Wochen war der Bildschirm schwarz und niemand antwortet"],
    "es": ["Muy buen producto, llegó rápido", "La batería se agota enseguida", "No funciona como esperaba",
           "El envío tardó mucho y la caja estaba rota"],
    "it": ["Prodotto ottimo, spedizione veloce", "La batteria si scarica in fretta",
           "Non sono soddisfatto del servizio",
           "Molto comodo da usare anche per chi non è pratico"],
    "nl": ["Ik ben erg tevreden met mijn aankoop", "Jammer dat het zo duur is", "Werkt niet naar behoren",
           "De batterij is al na een week leeg en niemand belt terug"],
    "pt": ["Muito bom produto, chegou rápido", "A bateria acaba depressa", "Não funciona como eu esperava",
           "A entrega demorou demais e ninguém respondeu"],
    "el": ["Το προϊόν είναι πολύ καλό"], "ru": ["Очень хороший товар, быстрая доставка"],
    "uk": ["Дуже гарний товар, швидка доставка, дякую їм"], "ar": ["المنتج جيد جدا والتوصيل سريع"],
    "fa": ["کیفیت این محصول خیلی خوب است"], "he": ["מוצר טוב מאוד ומשלוח מהיר"], "zh": ["声音很好，我很喜欢"],
    "ja": ["音がとても良いです"], "ko": ["소리가 정말 좋아요"], "th": ["สินค้าดีมากส่งเร็ว"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("code", "sentence"), [(code, sentence) for code, sentences in SENTENCES.items() for sentence in sentences]
)
def test_the_language_of_a_sentence_is_told(code: str, sentence: str) -> None:
    found = detect_language(sentence)
    assert found is not None
    assert found.code == code
    assert 0.8 <= found.confidence <= 1
    # Capitals and exclamation marks are no other language.
    shouted = detect_language(sentence.upper() + "!!!")
    assert shouted is not None
    assert shouted.code == code


@pytest.mark.parametrize(
    "text",
    ["", "ok", "Super!", "12345 67890", "😍😍😍", "asdf qwer zxcv hjkl", "Excellent product",
     "Bardzo dobry produkt, szybka dostawa i miła obsługa", "Tuote on hyvä ja toimitus oli nopea",
     "Çok güzel bir ürün, tavsiye ederim", "Nagyon jó termék, gyors szállítás"],
)  # fmt: skip
def test_what_is_short_or_in_no_known_language_has_no_answer(text: str) -> None:
    assert detect_language(text) is None


def test_a_text_of_two_halves_has_no_sure_script() -> None:
    assert detect_language("очень хорошо very good") is None


def test_a_long_text_is_told_from_its_beginning() -> None:
    found = detect_language(SAMPLES["nl"] * 200)
    assert found is not None
    assert found.code == "nl"
