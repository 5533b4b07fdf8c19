"""An author's words: the browser reads and counts them as the server does."""

import re
import unicodedata
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from sharing.freezing import LONGEST_FROZEN_NOTE
from tests.browser.conftest import open_view, settled
from view_state import LONGEST_LABEL, LONGEST_NOTE, LONGEST_TITLE, clean, parse

EMOJI = "\N{ROCKET}"
# Code points, since lone surrogates do not travel as text.
CLEAN = """(texts) => texts.map((points) => [...window.bellwether.clean(
    String.fromCodePoint(...points))].map((sign) => sign.codePointAt()))"""
FATES = """() => Array.from({ length: 0x110000 }, (_, point) => {
    const left = window.bellwether.clean(`a${String.fromCodePoint(point)}b`);
    return left === "ab" ? "-" : left === "a b" ? " " : "x";
  }).join("")"""


def fate(point: int) -> str:
    """What becomes of a sign between two letters."""
    return {"ab": "-", "a b": " "}.get(clean(f"a{chr(point)}b"), "x")


def is_known(point: int) -> bool:
    """Whether every version of Unicode says the same of it; browsers may know later signs."""
    is_noncharacter = 0xFDD0 <= point <= 0xFDEF or point & 0xFFFE == 0xFFFE
    return is_noncharacter or unicodedata.category(chr(point)) != "Cn"


def test_every_sign_has_one_fate(page: Page, address: str) -> None:
    open_view(page, address)
    found = page.evaluate(FATES)
    others = [p for p in range(0x110000) if is_known(p) and found[p] != fate(p)]
    assert [f"U+{point:04X}" for point in others] == []


def test_the_browser_cleans_texts_as_the_server_does(page: Page, address: str) -> None:
    texts = [
        "",
        " \t\r\n ",
        "  two   words  ",
        "a \u200b b",  # spaces on both sides of what is dropped
        "\u200b a",
        "a\u2028\u2029b\x85c\x1cd\x1fe",
        "a\ufeffb \ufeff c",
        "a\x00\x07\x7f\x9fb",
        "\u202egnol\u202c \u2066x\u2069",
        "e\u0301 \u0301e Z\u0351\u036b",
        "\N{FAMILY}\u200d\N{ROCKET}\ufe0f",
        "\ud83d",
        "a\ud83d \ude80b",
        "\ud83d\u200b\ude80",
        "\u3000全角　スペース\u3000",
        "\ue000\U000f0000\U000e0041",
        "\u00ad\u180e\u2060",
    ]
    open_view(page, address)
    found = page.evaluate(CLEAN, [[ord(sign) for sign in text] for text in texts])
    assert ["".join(map(chr, points)) for points in found] == [clean(text) for text in texts]


@pytest.mark.parametrize(
    ("label", "key", "most"), [("Title", "title", LONGEST_TITLE), ("Note", "note", LONGEST_NOTE)]
)
def test_as_many_emoji_as_letters_fit_a_link_and_no_more(
    page: Page, address: str, label: str, key: str, most: int
) -> None:
    open_view(page, address)
    page.keyboard.press("s")
    page.get_by_text("Title, note and marks").click()
    field, remark = page.get_by_label(label, exact=True), page.locator(f"[data-of={key}]").first
    field.press_sequentially(EMOJI * most)
    field.press("Tab")
    expect(page).to_have_url(re.compile(f"{key}={re.escape(quote(EMOJI * most))}$"))
    expect(remark).to_be_hidden()
    state, notices = parse(page.url.partition("?")[2])
    assert (getattr(state, key), notices) == (EMOJI * most, ())
    # One more: nothing is cut, the link goes without, and the dialog says so.
    field.press_sequentially(EMOJI)
    expect(remark).to_be_visible()
    expect(remark).to_contain_text(f"Longer than {most} characters")
    field.press("Tab")
    expect(page).not_to_have_url(re.compile(f"{key}="))
    expect(field).to_have_value(EMOJI * (most + 1))
    # Spaces around it are no part of it.
    field.fill(f"  {EMOJI * most}  ")
    expect(remark).to_be_hidden()
    field.press("Tab")
    expect(page).to_have_url(re.compile(f"{key}={re.escape(quote(EMOJI * most))}$"))


def test_a_note_for_frozen_links_and_one_for_none(page: Page, address: str) -> None:
    open_view(page, address)
    page.keyboard.press("s")
    page.get_by_text("Title, note and marks").click()
    note = page.get_by_label("Note")
    remarks = page.locator("[data-of=note]")
    note.fill(EMOJI * LONGEST_FROZEN_NOTE)
    expect(remarks.first).to_be_visible()
    expect(remarks.last).to_be_hidden()
    note.fill(EMOJI * (LONGEST_FROZEN_NOTE + 1))
    expect(remarks.first).to_be_hidden()
    expect(remarks.last).to_contain_text("Longer than 2,000 characters: no link takes this note.")


def test_a_label_too_long_costs_its_own_mark_only(page: Page, address: str) -> None:
    """Marks are in the order the server writes them, which has emoji after all other signs."""
    open_view(page, address)
    page.keyboard.press("s")
    page.get_by_text("Title, note and marks").click()
    labels = [EMOJI * LONGEST_LABEL, "\N{FULLWIDTH TILDE}wide", "x" * (LONGEST_LABEL + 1)]
    for at, label in enumerate(labels):
        page.get_by_role("button", name="Add a mark").click()
        page.get_by_label("Day, or first day").nth(at).fill("2020-03-23")
        page.get_by_label("Label").nth(at).press_sequentially(label)
        page.get_by_label("Label").nth(at).press("Tab")
    remark = page.locator("[data-of=mark]")
    expect(remark).to_contain_text("Longer than 40 characters")
    settled(page)
    query = page.url.partition("?")[2]
    state, notices = parse(query)
    assert notices == ()
    assert [mark.label for mark in state.marks] == labels[1::-1]
    assert query == "v=1&mark=" + "~".join(f"2020-03-23_{quote(one)}" for one in labels[1::-1])
    page.get_by_role("button", name="Remove this mark").last.click()
    expect(remark).to_be_hidden()
