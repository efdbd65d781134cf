"""The page in a browser that has no network: headless Chromium of the system."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from restore.benchmark import report

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    with sync_api.sync_playwright() as started:
        running = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def address(made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    (folder / "images").symlink_to(made[0] / "images")
    report.write(made[1], folder)
    return (folder / "report.html").as_uri()


@pytest.fixture
def visit(browser, address):
    """Open the page with the options of a context; complaints and requests are collected."""
    contexts = []

    def open_page(**options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.complaints, page.requests = [], []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("request", lambda request: page.requests.append(request.url))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()


def pixels(shot: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(int)


def test_it_opens_from_disk_without_a_complaint_or_a_request(visit, address):
    page = visit(offline=True)
    assert page.complaints == []
    assert [url for url in page.requests if not url.startswith("data:")] == [address]
    assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    assert page.locator(".slider.live").count() == page.locator(".feature").count() == 4


def test_the_slider_moves(visit):
    """At 0 the frame shows the right image alone, at 100 the left one; keys and the pointer move it."""
    page = visit()
    stage, knob = page.locator(".stage").first, page.locator(".controls input").first
    stage.scroll_into_view_if_needed()
    knob.fill("0")
    right = pixels(stage.screenshot())
    knob.fill("100")
    left = pixels(stage.screenshot())
    knob.fill("50")
    both = pixels(stage.screenshot())
    middle = both.shape[1] // 2
    assert np.abs(left - right).mean() > 2
    np.testing.assert_array_equal(both[:, 10 : middle - 8], left[:, 10 : middle - 8])
    np.testing.assert_array_equal(both[:, middle + 8 : -10], right[:, middle + 8 : -10])

    knob.press("ArrowRight")
    assert float(knob.input_value()) == 50.5
    box = stage.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 30)
    page.mouse.up()
    assert float(knob.input_value()) == pytest.approx(25, abs=1)
    page.mouse.move(box["x"] + 5, box["y"] + 30)
    assert float(knob.input_value()) == pytest.approx(25, abs=1)


def test_either_side_can_be_chosen(visit):
    page = visit()
    stage, knob = page.locator(".stage").first, page.locator(".controls input").first
    choices = page.locator(".controls").first.locator("select")
    assert choices.first.locator("option").all_inner_texts() == ["input", "bicubic", "lanczos", "sharpened", "original"]
    knob.fill("0")
    before = pixels(stage.screenshot())
    choices.nth(1).select_option(label="original")
    assert np.abs(pixels(stage.screenshot()) - before).mean() > 0.5
    assert stage.locator("img").nth(1).get_attribute("alt").endswith("original")


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_it_fits_the_screen(visit, width):
    page = visit(viewport={"width": width, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_table_that_is_wider_than_a_phone_shows_that_it_goes_on(visit):
    """Without JavaScript: a shade at the right edge until the end is reached, and names that stay."""
    page = visit(viewport={"width": 390, "height": 844})
    table = page.locator("#speed .scroll")
    name = table.locator("tbody tr:not(.group) th").first

    def edge():
        """Darkness of the right edge beside the name of the data set, where no cell has text."""
        shot = pixels(table.screenshot())
        box, row = table.bounding_box(), table.locator(".group").first.bounding_box()
        line = shot[int(row["y"] - box["y"] + row["height"] / 2)]
        return line[-30].sum() - line[-1].sum()

    at = name.bounding_box()["x"]
    assert table.evaluate("e => e.scrollWidth > e.clientWidth + 40")
    assert edge() > 60
    table.evaluate("e => e.scrollLeft = e.scrollWidth")
    assert edge() == 0
    assert name.bounding_box()["x"] == at
    assert table.locator(".group span").first.bounding_box()["x"] == at


def test_dark_and_light_can_both_be_read(visit):
    contrast = """() => {
        const light = (colour) => {
            const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(c => c / 255)
                .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const of = (selector, property) => light(getComputedStyle(document.querySelector(selector))[property]);
        const paper = of("body", "backgroundColor");
        const inks = [of("body", "color"), of(".note", "color"), of("nav a", "color"), of(".better", "color"),
                      of(".plot .tick", "fill")];
        return [paper, ...inks.map(i => (Math.max(i, paper) + 0.05) / (Math.min(i, paper) + 0.05))];
    }"""
    for scheme in ("light", "dark"):
        paper, *ratios = visit(color_scheme=scheme).evaluate(contrast)
        assert (paper > 0.8) == (scheme == "light")
        assert min(ratios) >= 4.5  # WCAG 2.1, level AA


def test_without_javascript_everything_but_the_slider_is_there(visit):
    page = visit(java_script_enabled=False)
    states = page.locator(".states").first
    assert states.is_visible()
    assert states.locator("img").count() == 5
    assert page.locator(".stage").count() == 0
    assert page.locator(".scores .best").first.is_visible()
    assert page.locator("svg").first.is_visible()


def test_in_print_the_slider_gives_way_to_all_states(visit):
    page = visit(color_scheme="dark", viewport={"width": 680, "height": 960})  # A4 between the margins
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 680
    assert page.locator(".states").first.is_visible()
    assert not page.locator(".stage").first.is_visible()
    assert not page.locator("nav").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.pdf(format="A4", print_background=True).startswith(b"%PDF")
