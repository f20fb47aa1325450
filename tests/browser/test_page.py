"""The page as a whole: code to copy, failures, slow answers, keys, prefixes, small screens, keyboards, axe."""

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests import builders
from tests.browser.conftest import NARROW
from tests.browser.pages import act, choose_file, code_of, pictures
from tests.conftest import listening

VIEWS = ("gallery", "sample", "walk", "arithmetic", "translate", "real-or-fake", "encode")


def test_axe_finds_nothing_serious_and_nothing_is_wider_than_a_telephone(visit):
    page = visit(viewport=NARROW)
    for view in VIEWS:
        act(page, view)
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], view
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found = Axe().run(page).response["violations"]
            bad = [each for each in found if each["impact"] in ("serious", "critical")]
            serious = [(each["id"], each["nodes"][0]["html"]) for each in bad]
            assert serious == [], (view, scheme)


def test_light_and_dark_differ_and_motion_is_reduced(visit):
    page = visit(color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(ground) != light
    link = page.get_by_role("link", name="Sample", exact=True)
    duration = "element => getComputedStyle(element).transitionDuration"
    assert link.evaluate(duration) == "0s"
    page.emulate_media(reduced_motion="no-preference")
    assert link.evaluate(duration) != "0s"


def test_everything_can_be_reached_by_keyboard(visit):
    page = visit()
    page.locator(".cards").wait_for()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the pictures")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    sample = page.get_by_role("navigation").get_by_role("link", name="Sample")
    sample.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Sample")).to_be_focused()
    pictures(page.locator(".grid"), 24)
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.grid .picture')"):
            break
    for _ in range(2):
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
    expect(page.locator(".grid .picture[aria-pressed=true]")).to_have_count(2)
    page.get_by_role("navigation").get_by_role("link", name="Walk").press("Enter")
    place = page.get_by_role("slider", name="Place on the walk")
    place.press("ArrowRight")
    expect(place).to_have_value("1")


def test_a_slow_answer_shows_progress_and_can_be_cancelled(visit):
    page = visit(prepare=lambda tab: tab.route("**/sample?*", lambda route: None))
    page.evaluate("location.hash = 'sample'")
    page.get_by_text("Drawing 24 pictures …").wait_for()
    expect(page.get_by_role("progressbar")).to_be_visible()
    with page.expect_event("requestfailed"):
        page.get_by_role("button", name="Cancel").click()
    page.get_by_text("Cancelled.").wait_for()
    page.context.unroute("**/sample?*")
    page.get_by_role("button", name="Another seed").click()
    pictures(page.locator(".grid"), 24)
    expect(page.get_by_text("Cancelled.")).to_be_hidden()


def test_a_drag_gives_up_what_it_has_passed(visit):
    """While one part of a walk is drawn, the slider goes to another: that one is asked for instead."""
    asked, given_up = [], []
    page = visit("walk")
    page.on("requestfailed", lambda request: given_up.append(request.post_data_json))

    def stall(route):
        body = route.request.post_data_json
        asked.append(body)
        if "keyframes" in body or len(asked) > 2:
            route.continue_()

    page.context.route("**/interpolate*", stall)
    page.get_by_role("button", name="Keep four at random").click()
    place = page.get_by_role("slider", name="Place on the walk")
    page.get_by_text("Drawing the walk …").wait_for()
    place.fill("47")
    while len(asked) < 5 or not given_up:
        page.wait_for_timeout(20)
    assert given_up[0] == asked[1]  # Chromium calls event streams failed too, once they have been read to their end
    assert asked[2]["to"] == asked[0]["keyframes"][-1]
    assert asked[4] == asked[1]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (None, "The service did not answer; see whether it is running and reachable, then try again."),
        ((504, "the request was not answered before its deadline"), "before its deadline: ask for less, or try again"),
        (
            (413, "9 pixels would be translated, but 4 at most are; send less, or use fit=resize"),
            "9 pixels would be translated, but 4 at most are: ask for less, or choose a smaller size.",
        ),
        (
            (500, "something went wrong"),
            "Something went wrong: try again; if it stays, tell whoever runs this service.",
        ),
    ],
)
def test_a_failure_says_what_went_wrong_and_what_to_do(visit, answer, sentence):
    def fail(route):
        if answer is None:
            return route.abort()
        status, detail = answer
        return route.fulfill(status=status, json={"detail": detail}, content_type="application/problem+json")

    page = visit(prepare=lambda tab: tab.route("**/models/*/translate*", fail))
    page.evaluate("location.hash = 'translate'")
    choose_file(page)
    expect(page.locator(".view > .task").get_by_role("alert")).to_contain_text(sentence)
    page.context.unroute("**/models/*/translate*")
    choose_file(page)
    page.locator(".divider").wait_for()
    expect(page.locator(".view > .task").get_by_role("alert")).to_have_text("")


def test_the_services_own_sentences_are_shown(visit):
    page = visit("translate")
    choose_file(page, buffer=b"no picture")
    expect(page.locator(".view > .task").get_by_role("alert")).to_contain_text("choose a PNG, JPEG or WebP.")
    choose_file(page, name="a.txt", mimeType="text/plain", buffer=b"text")
    page.get_by_text("That is not a picture").wait_for()
    page.evaluate("location.hash = 'sample'")
    page.get_by_label("Seed").first.fill("minus one")
    page.get_by_text("A seed is a whole number").wait_for()


def test_a_busy_service_is_asked_again(visit):
    refused = []

    def refuse_once(route):
        if refused:
            return route.continue_()
        refused.append(route.request.url)
        return route.fulfill(status=503, headers={"Retry-After": "1"}, json={"detail": "queue full"})

    page = visit("sample", prepare=lambda tab: tab.route("**/sample?*", refuse_once))
    pictures(page.locator(".grid"), 24)
    assert len(refused) == 1


def test_with_api_keys_the_page_asks_for_one(visit, packages):
    with listening(packages, api_keys=("a-secret",)) as port:
        page = visit("sample", origin=f"http://127.0.0.1:{port}/")
        expect(page.get_by_role("alert")).to_contain_text("put a valid key into the field “API key” at the top.")
        expect(page.get_by_label("Key of this service")).to_be_focused()
        page.keyboard.type("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_label("Key of this service")).to_be_focused()
        page.get_by_label("Key of this service").fill("a-secret")
        page.keyboard.press("Enter")
        pictures(page.locator(".grid"), 24)
        assert "$GANVAS_KEY" in code_of(page, "curl")
        assert "a-secret" not in page.content()
        assert page.evaluate("localStorage.length") == 0
        assert "a-secret" not in page.url
        act(page, "translate")
        page.reload()
        page.locator(".view").wait_for()
        assert page.context.cookies() == []


def test_behind_a_prefix_everything_still_leads_home(visit, packages):
    with listening(packages, root_path="/art") as port:
        origin = f"http://127.0.0.1:{port}/art/"

        def take_away(route):
            route.continue_(url=route.request.url.replace("/art/", "/"))

        page = visit(origin=origin, prepare=lambda tab: tab.route(f"{origin}**", take_away))
        for view in VIEWS:
            act(page, view)
            assert "".join(page.locator("[role=alert]").all_inner_texts()) == ""
        assert f"{origin}v1/models" in code_of(page, "curl")


def test_what_no_model_can_do_is_said_in_a_sentence(visit, tmp_path):
    builders.write_translator(tmp_path, "dusk", builders.affine_graph(0.5, 0.0))
    with listening(tmp_path) as port:
        page = visit(origin=f"http://127.0.0.1:{port}/")
        for view in VIEWS:
            page.evaluate("view => { location.hash = view; }", view)
            page.locator(f".view.{view}").wait_for()
            expect(page.locator(".nobody")).to_have_count(int(view not in ("gallery", "translate")))
            for sentence in page.locator(".nobody").all_inner_texts():
                assert sentence.startswith("None of the served models ")


def test_without_any_model_and_with_broken_ones_the_gallery_says_so(visit, tmp_path):
    builders.write_package(tmp_path, "broken")
    (tmp_path / "broken" / "1" / "generator.onnx").write_bytes(b"no network")
    with listening(tmp_path) as port:
        page = visit(origin=f"http://127.0.0.1:{port}/")
        page.get_by_text("holds no package that can be served").wait_for()
        page.get_by_role("button", name="Show what is served already").click()
        page.get_by_text("No model is served yet").wait_for()
        page.get_by_text("Not served (1)").click()
        expect(page.get_by_text("broken@1: ")).to_be_visible()


def test_what_a_package_says_of_itself_is_text(visit, tmp_path):
    builders.write_package(tmp_path, description="<img src=x onerror=alert(1)><b>bold</b>")
    with listening(tmp_path) as port:
        page = visit(origin=f"http://127.0.0.1:{port}/")
        page.get_by_text("<b>bold</b>").wait_for()
        expect(page.locator(".cards b")).to_have_count(0)


def test_the_page_is_whole_for_a_client_without_javascript(visit):
    page = visit(java_script_enabled=False)
    expect(page.locator("noscript p")).to_be_visible()
    for link in page.locator("noscript a, main a").all():
        assert httpx.get(f"{page.url.partition('#')[0]}{link.get_attribute('href')}").status_code == 200
