"""The page while models are still being opened, and after the service could not be asked."""

from playwright.sync_api import expect

NOTHING = {"models": [], "skipped": []}


def opening(looks):
    """A service that opens its models only after so many looks, and serves none until then."""
    seen = []

    def prepare(tab):
        def ready(route):
            seen.append(route.request.url)
            if len(seen) <= looks:
                return route.fulfill(status=503, json={"detail": "the models are still being opened"})
            return route.continue_()

        def models(route):
            return route.continue_() if len(seen) > looks else route.fulfill(json=NOTHING)

        tab.route("**/readyz", ready)
        tab.route("**/v1/models", models)

    return prepare


def test_a_page_that_comes_too_early_waits_for_the_models(visit):
    page = visit(prepare=opening(looks=1))
    page.get_by_text("Opening the models …").wait_for()
    page.get_by_text("The models are still being opened.").wait_for()
    expect(page.locator(".cards > li")).to_have_count(5)


def test_a_page_that_is_opened_where_the_skip_link_leads_shows_the_models(visit):
    page = visit("main")
    expect(page.locator(".cards > li")).to_have_count(5)


def test_what_is_served_already_can_be_seen_before_all_models_are_open(visit):
    page = visit(prepare=opening(looks=10_000))
    page.get_by_role("button", name="Show what is served already").press("Enter")
    page.get_by_text("No model is served yet").wait_for()


def test_after_cancelling_the_page_can_be_asked_again(visit):
    page = visit(prepare=lambda tab: tab.route("**/v1/models", lambda route: None))
    page.get_by_role("button", name="Cancel").press("Enter")
    page.get_by_text("Cancelled.").wait_for()
    page.context.unroute("**/v1/models")
    page.get_by_role("button", name="Try again").press("Enter")
    expect(page.locator(".cards > li")).to_have_count(5)
    expect(page.locator("main")).to_be_focused()


def test_the_tabs_ask_again_after_the_service_did_not_answer(visit):
    page = visit(prepare=lambda tab: tab.route("**/readyz", lambda route: route.abort()))
    page.get_by_text("The service did not answer").wait_for()
    page.context.unroute("**/readyz")
    page.get_by_role("link", name="Sample", exact=True).click()
    page.get_by_role("heading", name="Sample").wait_for()
