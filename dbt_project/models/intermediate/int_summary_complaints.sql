{{ summary_of_section('complaints') }}
