"""A person at the page: what they do there, found by the roles and names that they see or hear."""

import re

from playwright.sync_api import expect


class Person:
    """Somebody with a browser, at an address."""

    def __init__(self, page, url) -> None:
        self.page, self.url = page, url

    def visit(self, path="/"):
        """Go somewhere; the server's answer."""
        return self.page.goto(self.url + path)

    def choose(self, name) -> None:
        """Take the card or choice whose name begins so."""
        self.page.get_by_role("radio", name=re.compile(f"^{re.escape(name)}")).check()

    def press(self, name) -> None:
        """Press a button."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name) -> None:
        """Follow a link."""
        self.page.get_by_role("link", name=name, exact=True).click()

    def begin(self, who="maya", what="late-reply") -> str:
        """Begin a talk as the first page's form does, without the cards; its id."""
        answer = self.page.request.post(f"{self.url}/talks", form={"persona": who, "scenario": what})
        self.page.goto(answer.url)
        expect(self.words).to_be_visible()
        return self.talk

    @property
    def talk(self) -> str:
        """The id of the talk in the address."""
        return re.search(r"/talks/([^/#?]+)", self.page.url)[1]

    @property
    def words(self):
        """Where a turn is typed."""
        return self.page.get_by_role("textbox", name=re.compile("^Say to "))

    def turn(self, number):
        """A turn of the talk, the person's words and the reply."""
        return self.page.get_by_role("article", name=f"Turn {number}", exact=True)

    def send(self, said) -> None:
        """Type a turn and send it."""
        self.words.fill(said)
        self.words.press("Enter")

    def say(self, *turns) -> None:
        """Take turns, each once the one before was answered."""
        taken = self.page.get_by_role("article", name=re.compile("^Turn ")).count()
        for number, said in enumerate(turns, start=taken + 1):
            self.send(said)
            self.answered(number)

    def answered(self, number) -> None:
        """Wait until a turn was answered whole."""
        turn = self.turn(number)
        expect(turn.get_by_role("link", name=f"Say turn {number} differently")).to_be_attached()

    def open(self, chip, number=1):
        """Open what was remarked of a turn; what it opens to."""
        self.turn(number).scroll_into_view_if_needed()  # what is remarked is fetched once it is in sight
        found = self.turn(number).get_by_role("group").filter(has_text=chip)
        found.locator("summary").click()
        return found
