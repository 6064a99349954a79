{{ current_rows('inspections') }}

select * from current_rows
