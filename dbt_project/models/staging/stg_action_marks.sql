-- one row an action that somebody marked: the newest mark counts
with

marks as (
    select
        *,
        row_number() over (
            partition by action_kind, subject_key
            order by marked_at desc nulls last, mark_id desc
        ) as newest_first
    from {{ source('lake', 'action_marks') }}
)

select
    action_kind,
    subject_key,
    is_done,
    marked_at,
    marked_by_employee_id
from marks
where newest_first = 1
