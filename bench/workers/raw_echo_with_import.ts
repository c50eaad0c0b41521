/** The worker of the floor, with an import of a module that has nothing. */
import "./nothing.ts";
import "./raw_echo.ts";
