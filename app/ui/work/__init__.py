"""Work on the engine, as the window sees it: handed in, followed, answered; and what may cross between threads."""
