{{ summary_of_section('sales') }}
