"""The playground's JSDoc types pass the compiler of the TypeScript client."""

from tests.clients.typescript import CLIENT, install, run

PAGE = CLIENT.parents[1] / "service/playground/app.js"
STRICTLY = ("--allowJs", "--checkJs", "--strict", "--noEmit", "--target", "es2022", "--moduleResolution", "bundler")


def test_types_of_the_playground():
    install()
    done = run("node", "node_modules/typescript/bin/tsc", *STRICTLY, "--module", "es2022", PAGE)
    assert done.returncode == 0, done.stdout
