"""A parser that fails on any element or attribute that is not the page's own."""

from __future__ import annotations

from html.parser import HTMLParser

TAGS = set(
    "article header p span h2 bdi div mark button section ol ul li time table caption tbody tr td details summary "
    "b code h3 small progress kbd q sup h1 a input label select option dialog form search".split()
)
ATTRIBUTES = set(
    "class type title dir lang role tabindex datetime max value href "
    "aria-label aria-description aria-hidden data-citation data-passage data-example data-turn data-last "
    "data-running data-shown "
    "data-close data-reason "
    "aria-pressed autocomplete data-thumb data-why maxlength placeholder "
    "id aria-labelledby aria-haspopup hidden selected method "
    "data-article data-filter data-set data-unset data-keys "
    "popover data-card aria-current data-do data-id data-line data-correct data-field data-narrow data-all "
    "data-ask-these data-collection data-begin data-state data-settings spellcheck name "
    "data-current data-conversation data-keep data-rename data-delete data-restore download "
    "data-add data-copy data-edit data-again data-setting data-model data-measure data-check checked".split()
)


class Page(HTMLParser):
    """The elements of a piece of HTML; fails on any element or attribute that is not ours."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.marked = ""
        self.texts: dict[str, str] = {}
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._classes: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, f"<{tag}> in the page"
        for name, value in attrs:
            assert name in ATTRIBUTES, f"{name}= in the page"
            assert name != "href" or (value or "").startswith(("#", "./footnote/conversations/"))
        self.elements.append((tag, dict(attrs)))
        if tag == "input":  # has no end
            return
        self.open.append(tag)
        self._classes.append(dict(attrs).get("class") or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self._classes.pop()

    def handle_data(self, data: str) -> None:
        if "mark" in self.open:
            self.marked += data
        for names in {" ".join(self._classes)}:
            for name in names.split():
                self.texts[name] = self.texts.get(name, "") + data

    def handle_decl(self, decl: str) -> None:
        raise AssertionError("a declaration in the page")

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a comment in the page")

    def all(self, attribute: str) -> list[str]:
        return [attrs[attribute] or "" for _, attrs in self.elements if attribute in attrs]
