"""The web copy of the lessons, without a browser: nothing lost, nothing dead, nothing from afar."""

import base64
import copy
import json
import re
import shutil

import nbformat
import pytest
import torch
from bs4 import BeautifulSoup

from lenet_helpers import datasets_at_hand, evaluate_accuracy_gpu, lenet, load_data
from lenet_helpers.handwriting.form import normalize_digit
from lenet_helpers.network_view import Refusal
from lenet_helpers.network_view.stored import REFUSALS, WEIGHTS, network_of
from tests.lessons import LESSONS, NOTEBOOKS, ROOT
from tests.site_pages import Site, addresses, dead_links
from web.build import build
from web.lessons import SiteError, math, read_lesson
from web.record_training import TRAINING, unpacked
from web.train_weights import as_json

WITH_DIGITS = ["try_it", "watch_it", "train_it"]
LIVING = [*WITH_DIGITS, "read_field"]
by_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


# The whole site


def test_has_a_page_for_each_lesson_and_six_more(site):
    assert set(site.pages) == {"index", "glossary", *LIVING, *(path.stem for path in NOTEBOOKS)}


def test_no_link_and_no_picture_is_dead(site):
    assert dead_links(site) == []
    assert sum(len(addresses(page)) for page in site.pages.values()) > 50


def test_a_dead_link_would_be_noticed(tmp_path):
    (tmp_path / "a.html").write_text('<a href="b.html">b</a><a href="a.html#no">no</a>')
    assert dead_links(Site(tmp_path)) == ["a: b.html", "a: a.html#no"]


def test_nothing_is_loaded_from_the_network(site):
    for name, page in site.pages.items():
        loaded = page.select("script[src], link[href], img[src], iframe, object, embed, video")
        assert loaded, name
        for element in loaded:
            address = element.get("src") or element.get("href")
            assert re.match(r"(?!//)(data:|[^:]+$)", address), f"{name}: {address[:80]}"
    for file in (*site.folder.glob("*.css"), *site.folder.glob("*.js")):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"@import|url\(|https?:|\bfetch\(|\bimport\b", text), file.name


def test_every_page_has_both_languages_and_no_word_outside_them(site):
    for name, page in site.pages.items():
        assert len(page.select('main [lang="zh"]')) == len(page.select('main [lang="en"]')) > 0
        headings = [h for h in page.select("h1, h2") if not h.find_parent(lang=True)]
        assert all(h.find(lang="zh") and h.find(lang="en") for h in headings), name


def test_every_picture_is_described(site):
    for name, page in site.pages.items():
        for picture in page.select("img"):
            assert len(picture.get("alt", "")) > 8, f"{name}: {picture['src'][:60]}"


def test_an_index_lists_every_lesson_with_its_minutes(site):
    rows = site.pages["index"].select(".lessons tbody tr")
    links = [row.a["href"] for row in rows]
    assert links == [f"{path.stem}.html" for path in NOTEBOOKS]
    for path, row in zip(NOTEBOOKS, rows, strict=True):
        first = LESSONS[path.stem].cells[0].source
        assert f"Time: about {row.select_one('.minutes').text} minutes" in first
        assert len(row.select("li")) >= 3


def test_words_of_the_glossary_lead_to_the_cells_that_explain_them(site):
    links = {a["href"] for a in site.pages["glossary"].select('main [lang="zh"] td a')}
    assert "03_neurons.html#cell-neuron-text" in links
    assert len(links) > 25


# A lesson


@by_notebook
def test_cells_code_and_printed_text_are_those_committed(site, path):
    page, cells = site.pages[path.stem], LESSONS[path.stem].cells
    sections = page.select("main > section")
    assert [section["id"] for section in sections] == [f"cell-{cell.id}" for cell in cells]
    for section, cell in zip(sections, cells, strict=True):
        if cell.cell_type == "code":
            assert section.select_one(".input").get_text().strip() == cell.source.strip()
        for output in cell.get("outputs", ()):
            if output.output_type == "stream":
                assert output.text.strip() in section.get_text(), cell.id
    folded = page.select("section details")
    assert len(folded) == path.read_text(encoding="utf-8").count("<details>")
    assert all(answer.summary and not answer.has_attr("open") for answer in folded)


@by_notebook
def test_pictures_and_tables_are_those_committed_and_a_widget_leaves_a_note(site, path):
    every = [output for cell in LESSONS[path.stem].cells for output in cell.get("outputs", ())]
    saved = [output for output in every if "image/png" in output.get("data", {})]
    page = site.pages[path.stem]
    assert [(picture["src"], picture["alt"]) for picture in page.select(".output img")] == [
        (
            "data:image/png;base64," + output.data["image/png"].replace("\n", ""),
            output.metadata["image/png"]["alt"],
        )
        for output in saved
    ]
    htmls = [output.get("data", {}).get("text/html", "") for output in every]
    tables = BeautifulSoup("".join(htmls), "html.parser").select("table")
    assert [t.get_text() for t in page.select(".output table")] == [t.get_text() for t in tables]
    notes = page.select("p.note")
    assert len(notes) == sum(html.startswith('<p class="lenet-') for html in htmls) > 0
    assert all(note.find(lang="zh").text and note.find(lang="en").text for note in notes)
    assert not re.search("model_id|widget-view", str(page))


@by_notebook
def test_formulas_are_set_and_none_is_left_as_source(site, path):
    page = site.pages[path.stem]
    formulas = len(page.select("section.text math"))
    source = re.sub(r"`[^`]*`", "", "\n".join(cell.source for cell in LESSONS[path.stem].texts))
    assert formulas == len(re.findall(r"\$\$.+?\$\$|\$[^$\n]+\$", source, re.S))
    for section in page.select("section.text"):
        for code in section.select("code, math"):
            code.extract()
        assert not re.search(r"\$|\\[a-z]", section.get_text()), section["id"]


# What cannot be shown is said, not skipped


def test_an_unknown_formula_stops_the_build():
    assert "<mfrac>" in math(r"\frac{1}{2}", "inline")
    for formula in (r"\frc{1}{2}", r"\frac{1"):
        with pytest.raises(SiteError, match="MathML"):
            math(formula, "inline")


def test_a_lesson_without_its_minutes_stops_the_build(tmp_path):
    notebook = copy.deepcopy(LESSONS[NOTEBOOKS[1].stem].notebook)
    notebook.cells[0].source = notebook.cells[0].source.replace("时间", "时刻")
    nbformat.write(notebook, tmp_path / "lesson.ipynb")
    with pytest.raises(SiteError, match=r"lesson\.ipynb"):
        read_lesson(tmp_path / "lesson.ipynb")


def test_a_missing_picture_stops_the_build(tmp_path):
    (tmp_path / "notebooks").mkdir()
    shutil.copy(NOTEBOOKS[4], tmp_path / "notebooks")
    with pytest.raises(FileNotFoundError, match=r"\.png"):
        build(tmp_path / "site", tmp_path / "notebooks")


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(SiteError, match="left alone"):
        build(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_building_again_leaves_nothing_of_before(tmp_path, monkeypatch):
    monkeypatch.setattr("web.build.render_pages", lambda lessons: [("new.html", "")])
    shutil.copytree(ROOT / "imgs", tmp_path / "imgs")
    site, notebooks = tmp_path / "site", tmp_path / "notebooks"
    notebooks.mkdir()
    build(site, notebooks)
    (site / "old.html").write_text("gone")
    assert build(site, notebooks) == list(site.glob("*.html")) == [site / "new.html"]


# The pages with the living network


def embedded(site: Site, page: str) -> dict:
    return json.loads(site.pages[page].find(id="data").string)


def test_try_it_holds_the_lessons_network_with_the_stored_weights(site):
    text = site.pages["try_it"].get_text()
    networks = embedded(site, "try_it")["networks"]
    for network, (activation, path) in zip(networks, WEIGHTS.items(), strict=True):
        stored = json.loads(path.read_text(encoding="utf-8"))
        assert network["weights"] == stored["float32"]
        assert len(base64.b64decode(stored["float32"])) == 4 * 61_706
        assert network["description"]["mean"] == stored["mean"]
        kinds = [layer["kind"] for layer in network["description"]["layers"]]
        assert kinds.count(activation) == 4
        assert f"{100 * stored['test_accuracy']:.1f} %" in text


def test_weights_survive_their_file():
    net = lenet("tanh")
    description = json.loads(as_json(net, 0.13, 0.31, 0.5))
    again = network_of(description, "tanh").state_dict()
    assert all(torch.equal(again[name], values) for name, values in net.state_dict().items())


@pytest.mark.parametrize("activation", WEIGHTS)
def test_a_network_is_as_good_as_the_page_says(real_places, activation):
    if not datasets_at_hand().get("mnist"):
        pytest.skip("MNIST is not at hand")
    description = json.loads(WEIGHTS[activation].read_text(encoding="utf-8"))
    train_iter, test_iter = load_data("mnist", device="cpu", standardize=True)
    assert description["mean"] == pytest.approx(train_iter.mean)
    assert description["std"] == pytest.approx(train_iter.std)
    accuracy = evaluate_accuracy_gpu(network_of(description, activation), test_iter)
    assert accuracy == pytest.approx(description["test_accuracy"], abs=5e-4)
    assert accuracy > 0.98
    stored = json.loads(REFUSALS[activation].read_text(encoding="utf-8"))
    refusal = Refusal.read(stored["rule"], base64.b64decode(stored["levels"]))
    refused = refusal.refuses(network_of(description, activation), test_iter, test_iter.images)
    assert 0.002 < refused.float().mean() <= 0.01


def test_watch_it_holds_one_training_in_8_bits_a_weight(site, real_places):
    assert TRAINING.stat().st_size <= 3_000_000
    training = embedded(site, "watch_it")["training"]
    count = len(training["moments"])
    assert count >= 30
    assert all(len(training[k]) == count for k in ("at", "epochs", "losses", "testAccuracies"))
    if not datasets_at_hand().get("mnist"):
        pytest.skip("MNIST is not at hand")
    _, test_iter = load_data("mnist", device="cpu", standardize=True)
    for number in (0, count // 3, count // 2, count - 1):
        moment = training["moments"][number]
        net = unpacked({**moment, "levels": base64.b64decode(moment["levels"])})
        accuracy = evaluate_accuracy_gpu(net, test_iter)
        assert accuracy == pytest.approx(training["testAccuracies"][number], abs=0.005)


def test_train_it_holds_scikit_learns_digits_in_mnists_form(site):
    data = embedded(site, "train_it")
    parts = {part: load_data("digits", device="cpu")[i] for i, part in enumerate(("train", "test"))}
    for part, digits in parts.items():
        assert data[part]["labels"] == digits.labels.tolist()
        inks = torch.frombuffer(bytearray(base64.b64decode(data[part]["inks"])), dtype=torch.uint8)
        images = inks.reshape(-1, 28, 28)
        assert torch.equal(images[7], normalize_digit(digits.images[7]).round().to(torch.uint8))
        assert (images > 0).any(dim=2).sum(dim=1).max() <= 20  # rows with ink
        if part == "train":
            pixels = images.float() / 255
            description = data["descriptions"]["relu"]
            assert description["mean"] == pytest.approx(pixels.mean().item(), abs=1e-5)
            assert description["std"] == pytest.approx(pixels.std().item(), abs=1e-4)


@pytest.mark.parametrize("name", WITH_DIGITS)
def test_the_digits_of_these_pages_name_their_source(site, name):
    assert site.pages[name].get_text().count("CC BY 4.0") == 2
    pictures = embedded(site, name)["pictures"]
    assert len(pictures) >= 10
    assert {picture["label"] for picture in pictures} == set(range(10))
