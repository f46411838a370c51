"""The notebooks as JupyterLab opens them: readable before they are trusted or run, alive once they are."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from lives import Widget, by_keyboard
from playwright.sync_api import Page, expect

import notebooks

ALIVE = ("01-benchmarks", "06-cost")  # run here; the others hold longer experiments
# What an untrusted notebook shows of our outputs.
SHOWN = """() => {
  const all = (selector) => [...document.querySelectorAll(`.jp-OutputArea ${selector}`)];
  const words = (element) => element.textContent.split(/\\s+/).filter((word) => word).length;
  const side = (cell) => getComputedStyle(cell).textAlign;
  const cells = all(".live-table :is(th, td)");
  return {
    sanitized: all("[data-jupyter-id]").length,
    lives: all(".live").length,
    words: all(".live-chart, .live svg").reduce((sum, figure) => sum + words(figure), 0),
    pictures: all(".live-chart img").filter((image) => image.naturalWidth > 300 && image.alt).length,
    tables: all(".live-table").filter((table) => table.rows.length > 1 && table.offsetHeight > 0).length,
    text: cells.filter((cell) => !cell.matches(".number")).length,
    left: cells.filter((cell) => !cell.matches(".number") && side(cell) === "left").length,
    right: cells.filter((cell) => cell.matches(".number") && side(cell) === "right").length,
    figures: cells.filter((cell) => cell.matches(".number")).length,
    folded: document.querySelectorAll(".jp-Notebook .jp-Cell:first-of-type .jp-InputPlaceholder").length,
  };
}"""

KERNEL_READY = """async () => {
  const { sessionContext } = window.jupyterapp.shell.currentWidget;
  await sessionContext.ready;
  await sessionContext.session.kernel.info;
}"""


def stored(path: Path) -> dict[str, int]:
    """How many widgets, charts and tables a notebook's outputs hold."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    outputs = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    html = ["".join(data.get("text/html", "")) for data in outputs]
    return {
        "lives": sum('<div class="live"' in text for text in html),
        "pictures": sum('<figure class="live-chart">' in text for text in html),
        "tables": sum(text.count('<table class="live-table') for text in html),
    }


def opened(lab: Any, page: Page, path: Path) -> Page:
    """A notebook in JupyterLab, its outputs on the page and its kernel ready."""
    page.goto(lab.url(f"notebooks/{path.name}"))
    tables = stored(path)["tables"]
    page.wait_for_function(
        "n => document.querySelectorAll('.jp-OutputArea .live-table').length === n",
        arg=tables,
        timeout=60_000,
    )
    return page


def test_every_notebook_is_readable_before_it_is_trusted(
    lab: Any, page: Page, capsys: pytest.CaptureFixture[str]
) -> None:
    total: dict[str, int] = {}
    for path in notebooks.paths():
        expected = stored(path)
        shown = opened(lab, page, path).evaluate(SHOWN)
        lab.shut_kernels_down()
        with capsys.disabled():
            print(f"\n{path.stem}: {shown}", end="")
        assert shown["sanitized"] >= shown["lives"] == expected["lives"]
        assert shown["words"] == 0, "words of a chart stand in the text"
        assert shown["pictures"] == expected["pictures"]
        assert shown["tables"] == expected["tables"]
        assert shown["left"] == shown["text"]
        assert shown["right"] == shown["figures"]
        assert shown["folded"] == 1
        total = {name: total.get(name, 0) + count for name, count in shown.items()}
    with capsys.disabled():
        print(f"\nall notebooks: {total}")
    assert total["pictures"] > 0
    assert total["text"] > 0


def begin(page: Page, command: str) -> None:
    """Begins a command of JupyterLab's menus, which `finish` waits for."""
    page.evaluate("name => void (window.done = window.jupyterapp.commands.execute(name))", command)


def finish(page: Page) -> None:
    page.evaluate("async () => void (await window.done)")


def wanted(page: Page) -> tuple[str, dict[str, list[str]], int]:
    """The first link in the text that sets a widget's state: its id, its arguments, its place among links."""
    links = page.locator(".jp-Notebook a[href^='#']").evaluate_all(
        "all => all.map(a => a.getAttribute('href'))"
    )
    ids = page.locator(".live[data-live]").evaluate_all("all => all.map(live => live.id)")
    for place, href in enumerate(links):
        id, _, query = href.removeprefix("#").partition("?")
        if query and id in ids:
            return id, parse_qs(query, keep_blank_values=True), place
    raise AssertionError(f"no link leads to {ids}")


@pytest.mark.parametrize("name", ALIVE)
def test_run_there_a_link_moves_its_widget_and_a_restart_is_told(
    lab: Any, page: Page, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = notebooks.FOLDER / f"{name}.ipynb"
    opened(lab, page, path)
    page.evaluate(KERNEL_READY)
    begin(page, "notebook:run-all-cells")
    finish(page)
    lives = page.locator('.live[data-state="kernel"]')
    expect(lives).to_have_count(stored(path)["lives"])
    id, arguments, place = wanted(page)
    widget = Widget(page.locator(f"#{id}"))
    widget.check()
    cells = page.locator(".jp-Cell").count()
    for spec in widget.data["controls"]:  # keys move the control, not the notebook's cells
        states = {str(widget.arguments())}
        for _ in by_keyboard(page, widget.control(spec["name"]), spec["kind"]):
            widget.settle("kernel")
            widget.check()
            states.add(str(widget.arguments()))
        assert len(states) > 1, spec["name"]
    assert page.locator(".jp-Cell").count() == cells
    address = page.url
    page.locator(".jp-Notebook a[href^='#']").nth(place).click()
    widget.settle("kernel")
    for argument, values in arguments.items():
        expect(widget.control(argument)).to_have_value(values[0])
    expect(widget.root).to_be_in_viewport()
    assert page.url == address
    widget.check()
    before = widget.look()
    begin(page, "notebook:restart-kernel")
    page.locator(".jp-Dialog button.jp-mod-accept").click()
    finish(page)
    widget.root.get_by_role("button", name=widget.data["reset"]).click()
    expect(widget.root.locator(".live-message")).to_have_text(
        "The kernel no longer knows this widget: run this cell again."
    )
    expect(widget.root).not_to_have_attribute("aria-busy", "true")
    assert widget.look() == before
    lab.shut_kernels_down()
    with capsys.disabled():
        print(
            f"\n{name}: {lives.count()} widgets run; #{id} followed a link to {arguments}; a restart was told"
        )
