import { assertEquals } from "@std/assert";
import { createTask, Lock, sleep, type Task, taskTree } from "../../mod.ts";
import { infoOf } from "../../lib/task/task_tree.ts";
