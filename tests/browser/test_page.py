"""The whole page: failures, slow responses, API keys, path prefixes, small screens, keyboard, axe."""

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests import builders
from tests.browser.conftest import NARROW
from tests.browser.page_actions import act, choose_file, code_of, image_sources
from tests.conftest import listening

VIEWS = ("gallery", "sample", "interpolate", "arithmetic", "translate", "discriminate", "encode")


def test_axe_finds_nothing_serious_and_no_view_is_wider_than_a_phone(visit):
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
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    sample = page.get_by_role("navigation").get_by_role("link", name="Sample")
    sample.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Sample")).to_be_focused()
    image_sources(page.locator(".grid"), 24)
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.grid .image')"):
            break
    for _ in range(2):
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
    expect(page.locator(".grid .image[aria-pressed=true]")).to_have_count(2)
    page.get_by_role("navigation").get_by_role("link", name="Interpolate").press("Enter")
    place = page.get_by_role("slider", name="Position in the interpolation")
    place.press("ArrowRight")
    expect(place).to_have_value("1")


def test_slow_response_shows_progress_and_can_be_cancelled(visit):
    page = visit(prepare=lambda tab: tab.route("**/sample?*", lambda route: None))
    page.evaluate("location.hash = 'sample'")
    page.get_by_text("Generating 24 images …").wait_for()
    expect(page.get_by_role("progressbar")).to_be_visible()
    with page.expect_event("requestfailed"):
        page.get_by_role("button", name="Cancel").click()
    page.get_by_text("Cancelled.").wait_for()
    page.context.unroute("**/sample?*")
    page.get_by_role("button", name="Random seed").click()
    image_sources(page.locator(".grid"), 24)
    expect(page.get_by_text("Cancelled.")).to_be_hidden()


def test_dragging_cancels_requests_for_segments_that_were_passed(visit):
    """The slider moves to another segment while one is loading: the page requests that segment instead."""
    requested, cancelled = [], []
    page = visit("interpolate")
    page.on("requestfailed", lambda request: cancelled.append(request.post_data_json))

    def stall(route):
        body = route.request.post_data_json
        requested.append(body)
        if "keyframes" in body or len(requested) > 2:
            route.continue_()

    page.context.route("**/interpolate*", stall)
    page.get_by_role("button", name="Save four random images").click()
    place = page.get_by_role("slider", name="Position in the interpolation")
    page.get_by_text("Generating the interpolation …").wait_for()
    place.fill("47")
    while len(requested) < 5 or not cancelled:
        page.wait_for_timeout(20)
    assert cancelled[0] == requested[1]  # Chromium reports event streams as failed too, after their end
    assert requested[2]["to"] == requested[0]["keyframes"][-1]
    assert requested[4] == requested[1]


@pytest.mark.parametrize(
    ("response", "sentence"),
    [
        (None, "The service did not respond; check that it is running and reachable, then try again."),
        ((504, "the request was not answered before its deadline"), "before its deadline: request less, or try again"),
        (
            (413, "9 pixels would be translated, but 4 at most are; send less, or use fit=resize"),
            "9 pixels would be translated, but 4 at most are: request less, or choose a smaller size.",
        ),
        (
            (500, "something went wrong"),
            "Something went wrong: try again; if it happens again, contact the operator of this service.",
        ),
    ],
)
def test_failure_states_the_cause_and_a_remedy(visit, response, sentence):
    def fail(route):
        if response is None:
            return route.abort()
        status, detail = response
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
    choose_file(page, buffer=b"not an image")
    expect(page.locator(".view > .task").get_by_role("alert")).to_contain_text("choose a PNG, JPEG or WebP.")
    choose_file(page, name="a.txt", mimeType="text/plain", buffer=b"text")
    page.get_by_text("That is not an image").wait_for()
    page.evaluate("location.hash = 'sample'")
    page.get_by_label("Seed").first.fill("minus one")
    page.get_by_text("A seed is an integer").wait_for()


def test_request_is_retried_while_the_service_is_busy(visit):
    refused = []

    def refuse_once(route):
        if refused:
            return route.continue_()
        refused.append(route.request.url)
        return route.fulfill(status=503, headers={"Retry-After": "1"}, json={"detail": "queue full"})

    page = visit("sample", prepare=lambda tab: tab.route("**/sample?*", refuse_once))
    image_sources(page.locator(".grid"), 24)
    assert len(refused) == 1


def test_with_api_keys_the_page_asks_for_one(visit, packages):
    with listening(packages, api_keys=("a-secret",)) as port:
        page = visit("sample", origin=f"http://127.0.0.1:{port}/")
        expect(page.get_by_role("alert")).to_contain_text("enter a valid key in the field “API key” at the top.")
        expect(page.get_by_label("API key of this service")).to_be_focused()
        page.keyboard.type("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_label("API key of this service")).to_be_focused()
        page.get_by_label("API key of this service").fill("a-secret")
        page.keyboard.press("Enter")
        image_sources(page.locator(".grid"), 24)
        assert "$GANVAS_KEY" in code_of(page, "curl")
        assert "a-secret" not in page.content()
        assert page.evaluate("localStorage.length") == 0
        assert "a-secret" not in page.url
        act(page, "translate")
        page.reload()
        page.locator(".view").wait_for()
        assert page.context.cookies() == []


def test_all_links_work_behind_a_path_prefix(visit, packages):
    with listening(packages, root_path="/art") as port:
        origin = f"http://127.0.0.1:{port}/art/"

        def take_away(route):
            route.continue_(url=route.request.url.replace("/art/", "/"))

        page = visit(origin=origin, prepare=lambda tab: tab.route(f"{origin}**", take_away))
        for view in VIEWS:
            act(page, view)
            assert "".join(page.locator("[role=alert]").all_inner_texts()) == ""
        assert f"{origin}v1/models" in code_of(page, "curl")


def test_views_without_a_model_state_so(visit, tmp_path):
    builders.write_translator(tmp_path, "dusk", builders.affine_graph(0.5, 0.0))
    with listening(tmp_path) as port:
        page = visit(origin=f"http://127.0.0.1:{port}/")
        for view in VIEWS:
            page.evaluate("view => { location.hash = view; }", view)
            page.locator(f".view.{view}").wait_for()
            expect(page.locator(".no-model")).to_have_count(int(view not in ("gallery", "translate")))
            for sentence in page.locator(".no-model").all_inner_texts():
                assert sentence.startswith("None of the served models ")


def test_gallery_without_models_and_with_broken_packages(visit, tmp_path):
    builders.write_package(tmp_path, "broken")
    (tmp_path / "broken" / "1" / "generator.onnx").write_bytes(b"no network")
    with listening(tmp_path) as port:
        page = visit(origin=f"http://127.0.0.1:{port}/")
        page.get_by_text("holds no package that can be served").wait_for()
        page.get_by_role("button", name="Show the models loaded so far").click()
        page.get_by_text("No models are served yet").wait_for()
        page.get_by_text("Not served (1)").click()
        expect(page.get_by_text("broken@1: ")).to_be_visible()


def test_description_of_a_package_is_shown_as_text(visit, tmp_path):
    builders.write_package(tmp_path, description="<img src=x onerror=alert(1)><b>bold</b>")
    with listening(tmp_path) as port:
        page = visit(origin=f"http://127.0.0.1:{port}/")
        page.get_by_text("<b>bold</b>").wait_for()
        expect(page.locator(".cards b")).to_have_count(0)


def test_page_without_javascript_links_to_the_reference(visit):
    page = visit(java_script_enabled=False)
    expect(page.locator("noscript p")).to_be_visible()
    for link in page.locator("noscript a, main a").all():
        assert httpx.get(f"{page.url.partition('#')[0]}{link.get_attribute('href')}").status_code == 200
