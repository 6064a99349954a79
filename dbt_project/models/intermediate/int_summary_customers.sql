{{ summary_of_section('customers') }}
