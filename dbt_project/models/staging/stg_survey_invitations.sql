{{ current_rows('survey_invitations') }}

select * from current_rows
