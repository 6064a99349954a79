{{ summary_of_section('satisfaction') }}
