{# A table is kept, gets its touched keys replaced, or is dropped and made anew (increments.sql), all in one
   transaction: readers of the warehouse never see it missing, and its rows and its state change together. The
   adapter's own way makes it under another name and renames two tables, which takes as long as building a small
   table does. #}
{% materialization table, adapter="duckdb", supported_languages=["sql"] %}
    {%- set target = this.incorporate(type="table") -%}
    {%- set existing = load_cached_relation(this) -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- set step = next_step(existing, compiled_code) -%}
    {%- set done = namespace(what=none) -%}
    {%- if step.name == 'keep' -%}
        {%- set done.what = 'kept' -%}
    {%- else -%}
        {%- if step.name == 'touched' -%}
            {%- set done.what = build_touched(step, compiled_code) -%}
        {%- endif -%}
        {%- if done.what is none and step.name in ('touched', 'compare') -%}
            {%- set done.what = build_compared(step, existing, target, compiled_code) -%}
        {%- endif -%}
        {%- if done.what is none -%}
            {%- set done.what = build_whole(step, existing, target, compiled_code) -%}
        {%- endif -%}
        {%- do drop_aside() -%}
    {%- endif -%}
    {%- if step.state != step.before -%}
        {%- do run_statements(comment_on(target, step.state)) -%}
    {%- endif -%}
    {%- do store_raw_result(name="main", message=done.what, code=done.what, rows_affected=step.rows) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({"relations": [target]}) }}
{% endmaterialization %}
