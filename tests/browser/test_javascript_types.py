"""The playground's JSDoc types hold, by the compiler that the TypeScript client is built with."""

from tests.clients.typescript import CLIENT, install, run

PAGE = CLIENT.parents[1] / "service/playground/app.js"
STRICTLY = ("--allowJs", "--checkJs", "--strict", "--noEmit", "--target", "es2022", "--moduleResolution", "bundler")


def test_the_playground_s_types_hold():
    install()
    done = run("node", "node_modules/typescript/bin/tsc", *STRICTLY, "--module", "es2022", PAGE)
    assert done.returncode == 0, done.stdout
