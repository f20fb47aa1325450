"""The page while models are still being opened, and after the service could not be requested."""

from playwright.sync_api import expect

NOTHING = {"models": [], "skipped": []}


def loading(polls):
    """A service that reports itself as ready only after some requests, and serves no models until then."""
    seen = []

    def prepare(tab):
        def ready(route):
            seen.append(route.request.url)
            if len(seen) <= polls:
                return route.fulfill(status=503, json={"detail": "the models are still being loaded"})
            return route.continue_()

        def models(route):
            return route.continue_() if len(seen) > polls else route.fulfill(json=NOTHING)

        tab.route("**/readyz", ready)
        tab.route("**/v1/models", models)

    return prepare


def test_page_waits_for_the_models(visit):
    page = visit(prepare=loading(polls=1))
    page.get_by_text("Loading the models …").wait_for()
    page.get_by_text("The models are still being loaded.").wait_for()
    expect(page.locator(".cards > li")).to_have_count(5)


def test_page_opened_at_the_skip_link_shows_the_models(visit):
    page = visit("main")
    expect(page.locator(".cards > li")).to_have_count(5)


def test_loaded_models_are_shown_before_all_are_ready(visit):
    page = visit(prepare=loading(polls=10_000))
    page.get_by_role("button", name="Show the models loaded so far").press("Enter")
    page.get_by_text("No models are served yet").wait_for()


def test_loading_can_be_retried_after_cancelling(visit):
    page = visit(prepare=lambda tab: tab.route("**/v1/models", lambda route: None))
    page.get_by_role("button", name="Cancel").press("Enter")
    page.get_by_text("Cancelled.").wait_for()
    page.context.unroute("**/v1/models")
    page.get_by_role("button", name="Try again").press("Enter")
    expect(page.locator(".cards > li")).to_have_count(5)
    expect(page.locator("main")).to_be_focused()


def test_tabs_retry_after_the_service_did_not_respond(visit):
    page = visit(prepare=lambda tab: tab.route("**/readyz", lambda route: route.abort()))
    page.get_by_text("The service did not respond").wait_for()
    page.context.unroute("**/readyz")
    page.get_by_role("link", name="Sample", exact=True).click()
    page.get_by_role("heading", name="Sample").wait_for()
