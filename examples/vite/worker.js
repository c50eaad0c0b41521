import "@strand/strand/worker";
import "./tasks.js";
