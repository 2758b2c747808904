"""The front door's machinery: Graph, Task, Run, the planner, the demo."""
