import "@strand/strand/worker";
import "./app_tasks.js";
