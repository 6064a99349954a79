{{ summary_of_section('visitors') }}
