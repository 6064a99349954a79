{{ summary_of_section('funnel') }}
