"""Floor 4: runs in worker processes that we own.

Read in this order, in the scheduler's process: `_executor` (faces the scheduler), `_pack` (an order, and what
keeps it from travelling), `_crew` (all workers of one executor) with `_roster` (who is ready, who waits),
`_supply` and `_spares` (how many there are), `_staff` (a run, a worker), `_link` (one worker's pipes), `_hub`
(the thread that listens), `_answers` and `_telling` (how a run ended), `_records` (what it logged),
`_sleeping` (a run asleep on the virtual clock), `_launch` (how workers come to be).

In the fork server: `_forkserver`, `_codes` (code of the user's files), `_modules`, `_group`, `_lifeline`.
In a worker: `_worker`, `_becoming`, `_order_pipe`, `_place`, `_run_in_worker`, `_main_module`,
`_record_sender`, `_distant_clock`, `_returning`, `_practice`. Between them: `_wire`.
"""
