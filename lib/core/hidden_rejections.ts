/**
 * Imported for what it does: that the waits of cancelled tasks are reported nowhere, in Bun either.
 * Not with the rest of that in `cancellation.ts`, since it is nothing for pages.
 */
import { hideFromListeners } from "../base/bun_rejections.ts";
import { isDelivered } from "./cancellation.ts";

hideFromListeners(isDelivered);
