"""Floor 4: runs on a dask.distributed cluster, each in a process of its own there.

A run is one dask task, which a dask worker carries out with the process machinery of this package. So it
ends, is ended, speaks and logs as a process run does, and hurts neither its neighbours nor the dask worker.

Here, in the scheduler's process: `_executor` (faces the scheduler), `_voyage` (a run on its way), `_line`
(the connection to a cluster, and what happens to runs there), `_ears` (listen to the dask workers),
`_hearing` (what they tell), `_clusters` (which cluster) and `_loop_thread`, `_own_cluster` (one of our
own), `_results` (from what came back to an outcome).

On a dask worker: `_on_worker` (what is called there), `_station` (the runs there), `_guest` (those of one
session), `_post` (what they have to say), `_far_clock` (a virtual clock far from home). `_cluster_process` is
the process of our own cluster. Between them: `_letters`.

How a run travels: the dask task announces itself through the scheduler, and waits. The session sends the code
of the run to the first that does, and to no other, whatever dask does to keep its tasks alive: no run is made
twice. Then one question stands at each dask worker that carries out runs of the session; it is answered as
soon as there is output, a log record or a sleep to tell of. All of it goes through dask's own connections:
with `tls://` all of it is encrypted, with `tcp://` nothing is.
"""
