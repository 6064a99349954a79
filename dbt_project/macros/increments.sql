{#
  Doing only what changed, on DuckDB, row for row the same as a whole rebuild.

  Every table carries its state as its comment, so that both change in one transaction: the fingerprint of its SQL,
  a version that is new whenever its rows are, the version before, and the versions of the tables it was built from.
  What changed from the version before to this one lies in the table changes.<model>. A model says in its
  meta.increment which of its keys a change of a parent touches; only these keys are computed, compared and replaced.

  Belongs here: states, steps and the SQL around a model's own. Not here: the order of a table's building
  (materializations.sql) and anything about one model. Spark builds every table whole.
#}

{# Marks a relation that is read for the touched keys alone where keys are touched: one expression for each column of
   the key. In a whole build, on Spark and for a reader it is a comment. #}
{% macro only_touched() -%}
    /* only touched: {{ varargs | join(' ; ') }} */
{%- endmacro %}


{# Where the changes lie, and the versions of the lake's views. The version of a view names its files. A model that is
   told by the readings which rows changed looks at the view's columns alone. #}
{% macro prepare_increments() -%}
    {%- if execute -%}{{ return(adapter.dispatch('prepare_increments')()) }}{%- endif -%}
{%- endmacro %}

{% macro default__prepare_increments() -%}{%- endmacro %}

{% macro duckdb__prepare_increments() -%}
    {%- do run_query('create schema if not exists changes') -%}
    {%- set versions = [] -%}
    {%- for node in graph.sources.values() if node.source_name == 'lake' -%}
        {%- do versions.append(
            "select '" ~ node.name ~ "' as name, (select md5(string_agg(filename || size || last_modified, '|' order by filename))"
            ~ " from read_blob('" ~ (lake_folder() ~ '/' ~ node.name ~ '/*.parquet') | replace("'", "''") ~ "')) as version,"
            ~ " (select md5(string_agg(column_name || ' ' || data_type, ',' order by column_index)) from duckdb_columns()"
            ~ " where schema_name = 'lake' and table_name = '" ~ node.name ~ "') as columns"
        ) -%}
    {%- endfor -%}
    {%- set comments = [] -%}
    {%- for name, version, columns in run_query(versions | join(' union all ')).rows -%}
        {%- set state = tojson({'version': version, 'columns': columns}) -%}
        {%- do comments.append('comment on view lake.' ~ name ~ " is '" ~ state ~ "'") -%}
    {%- endfor -%}
    {%- do run_query(comments | join('; ')) -%}
{%- endmacro %}


{# A seed's version is what its rows say. #}
{% macro remember_seed() -%}
    {%- if execute -%}{{ return(adapter.dispatch('remember_seed')()) }}{%- endif -%}
{%- endmacro %}

{% macro default__remember_seed() -%}{%- endmacro %}

{% macro duckdb__remember_seed() -%}
    {%- set rows = "select md5(string_agg(content, '|' order by content)) from (select cast(seed as varchar) as content from "
        ~ this ~ " as seed)" -%}
    {%- do run_statements(comment_on(this, {'version': first_row(rows)[0]})) -%}
{%- endmacro %}


{# Runs statements inside the node's transaction; gives back the cursor of the last. #}
{% macro run_statements(sql) -%}
    {{ return(adapter.add_query(sql, auto_begin=True)[1]) }}
{%- endmacro %}

{% macro first_row(sql) -%}
    {{ return(run_statements(sql).fetchone()) }}
{%- endmacro %}

{% macro comment_on(relation, state) -%}
    {{ return("comment on table " ~ relation ~ " is '" ~ (tojson(state) | replace("'", "''")) ~ "';") }}
{%- endmacro %}


{# The states of all tables, and of the lake's views, by schema and name. #}
{% macro known_states() -%}
    {%- set states = {} -%}
    {%- set rows = run_statements(
        "select schema_name || '.' || table_name, comment from duckdb_tables() where database_name = current_database()"
        ~ " union all select schema_name || '.' || view_name, comment from duckdb_views() where schema_name = 'lake'"
    ).fetchall() -%}
    {%- for place, comment in rows if comment and comment.startswith('{') -%}
        {%- do states.update({place: fromjson(comment)}) -%}
    {%- endfor -%}
    {{ return(states) }}
{%- endmacro %}


{# What there is to do for this model: keep its table, replace its touched keys, or build it whole. `state` is what the
   table has to remember of it. #}
{% macro next_step(existing, sql) -%}
    {%- set states = known_states() -%}
    {%- set before = states.get(this.schema ~ '.' ~ this.identifier, {}) -%}
    {%- set increment = (config.get('meta') or {}).get('increment') -%}
    {%- set parents = {} -%}
    {%- set inputs = {} -%}
    {%- for unique_id in model.depends_on.nodes -%}
        {%- set node = graph.sources.get(unique_id) or graph.nodes.get(unique_id) -%}
        {%- set parent = states.get(node.schema ~ '.' ~ (node.alias or node.identifier), {}) -%}
        {%- set which = 'columns' if increment and node.resource_type == 'source' else 'version' -%}
        {%- do parents.update({node.name: parent}) -%}
        {%- do inputs.update({node.name: parent.get(which)}) -%}
    {%- endfor -%}
    {%- set state = {
        'project': env_var('MARKET_LEDGER_PROJECT', ''),
        'fingerprint': local_md5(sql ~ (get_table_columns_and_constraints() if config.get('contract').enforced else '')),
        'version': before.get('version'),
        'previous': before.get('previous'),
        'inputs': inputs,
    } -%}
    {%- set step = namespace(name='whole', before=before, state=state, increment=increment, changed=[], rows=none) -%}
    {%- set comparable = existing is not none and existing.is_table and not should_full_refresh() -%}
    {%- set known = comparable and before.get('fingerprint') == state.fingerprint and none not in inputs.values() -%}
    {%- if known -%}
        {%- set followed = [] -%}
        {%- for name, version in inputs.items() if before.inputs.get(name) != version -%}
            {%- do step.changed.append(name) -%}
            {%- if increment and name in increment.touched_by
                and before.inputs.get(name) and parents[name].get('previous') == before.inputs[name] -%}
                {%- do followed.append(name) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if not step.changed -%}
            {%- set step.name = 'keep' -%}
        {%- elif step.changed == followed -%}
            {%- set step.name = 'touched' -%}
        {%- endif -%}
    {%- endif -%}
    {%- if step.name == 'whole' and comparable and before.get('version') -%}
        {%- set step.name = 'compare' -%}
    {%- endif -%}
    {{ return(step) }}
{%- endmacro %}


{# The table of touched keys, and whether replacing them costs less than building the table whole. #}
{% macro collect_touched(step) -%}
    {%- set names = [] -%}
    {%- for _ in step.increment.key -%}{%- do names.append('ledger_touched_' ~ loop.index) -%}{%- endfor -%}
    {%- set selects = [] -%}
    {%- for name in step.changed -%}
        {%- do selects.append('from (' ~ step.increment.touched_by[name] ~ ') as touched(' ~ names | join(', ') ~ ')') -%}
    {%- endfor -%}
    {%- do run_statements(
        'create or replace temp table ledger_touched as select distinct * from ('
        ~ selects | join(' union all ') ~ ')'
    ) -%}
    {%- set touched, rows = first_row('select (select count(*) from temp.ledger_touched), (select count(*) from ' ~ this ~ ')') -%}
    {%- set touched_rows = 0 if not touched else first_row('select count(*) from ' ~ touched_part(this, step.increment.key))[0] -%}
    {%- set most = [rows / 3, 1000] | max -%}
    {{ return({'keys': touched, 'rows': touched_rows, 'is_worth': [touched, touched_rows] | max <= most}) }}
{%- endmacro %}

{# A relation's rows of the touched keys. #}
{% macro touched_part(relation, expressions) -%}
    {%- set matches = [] -%}
    {%- for expression in expressions -%}
        {%- do matches.append('(' ~ expression ~ ') = ledger_touched_' ~ loop.index) -%}
    {%- endfor -%}
    {{ return(relation ~ ' semi join temp.ledger_touched on ' ~ matches | join(' and ')) }}
{%- endmacro %}

{# A model's SQL with its marks made real. Of the lake, only deliveries that hold touched keys are opened. #}
{% macro touched_sql(sql) -%}
    {%- set made = namespace(sql=sql) -%}
    {%- for mark, relation, expressions in modules.re.findall('((\S+)\s+/\* only touched: (.*?) \*/)', sql) | unique -%}
        {%- set part = namespace(relation=relation) -%}
        {%- if '"lake".' in relation -%}
            {%- set quoted = ["''"] -%}
            {%- set holding = 'select distinct ledger_delivery_id from ' ~ touched_part(relation, expressions.split(' ; ')) -%}
            {%- for (delivery_id,) in run_statements(holding).fetchall() -%}
                {%- do quoted.append("'" ~ delivery_id ~ "'") -%}
            {%- endfor -%}
            {%- set part.relation = '(from ' ~ relation ~ ' where ledger_delivery_id in (' ~ quoted | join(', ') ~ '))' -%}
        {%- endif -%}
        {%- set made.sql = made.sql.replace(mark, touched_part(part.relation, expressions.split(' ; '))) -%}
    {%- endfor -%}
    {{ return(made.sql) }}
{%- endmacro %}

{# What differs between what the table holds and temp.ledger_rows: in temp.ledger_changes, and how many rows. #}
{% macro compare_rows(held) -%}
    {{ return(first_row(
        'create or replace temp table ledger_changes as'
        ~ " select * exclude (ledger_side), case when sum(ledger_side) > 0 then 'added' else 'removed' end as change"
        ~ ' from (select *, 1 as ledger_side from temp.ledger_rows union all select *, -1 as ledger_side from ' ~ held ~ ')'
        ~ ' group by all having sum(ledger_side) <> 0;'
        ~ ' select count(*) from temp.ledger_changes'
    )[0]) }}
{%- endmacro %}

{# The rows have changed: a version of its own, which leads on from the one before if the changes are kept. #}
{% macro new_version(step, keep_changes) -%}
    {%- set changes = this.incorporate(path={'schema': 'changes'}) -%}
    {%- if keep_changes -%}
        {%- do run_statements('create or replace table ' ~ changes ~ ' as from temp.ledger_changes') -%}
    {%- else -%}
        {%- do run_statements('drop table if exists ' ~ changes) -%}
    {%- endif -%}
    {%- do step.state.update({
        'previous': step.state.version if keep_changes else none,
        'version': invocation_id
    }) -%}
{%- endmacro %}

{% macro drop_aside() -%}
    {%- do run_statements(
        'drop table if exists temp.ledger_touched; drop table if exists temp.ledger_rows; drop table if exists temp.ledger_changes'
    ) -%}
{%- endmacro %}


{# Computes the touched keys and replaces those whose rows differ. Gives back what was done, or none where so many are
   touched that a whole build costs less. #}
{% macro build_touched(step, sql) -%}
    {%- set touched = collect_touched(step) -%}
    {%- if not touched.is_worth -%}{{ return(none) }}{%- endif -%}
    {%- set changed = namespace(rows=0) -%}
    {%- if touched['keys'] -%}
        {%- do run_statements('create or replace temp table ledger_rows as ' ~ touched_sql(sql)) -%}
        {%- set changed.rows = compare_rows(touched_part(this, step.increment.key)) -%}
    {%- endif -%}
    {%- if changed.rows -%}
        {%- do new_version(step, keep_changes=true) -%}
        {%- set key = step.increment.key | join(', ') -%}
        {%- set of_changed = ' where (' ~ key ~ ') in (select (' ~ key ~ ') from temp.ledger_changes)' -%}
        {%- do run_statements('delete from ' ~ this ~ of_changed ~ '; insert into ' ~ this ~ ' from temp.ledger_rows' ~ of_changed) -%}
    {%- endif -%}
    {%- set step.rows = changed.rows -%}
    {{ return(touched['keys'] ~ ' keys touched, ' ~ changed.rows ~ ' rows changed') }}
{%- endmacro %}

{# Builds the table whole beside the old one and notes the difference, so that what is built from it may follow. Gives
   back none where the table is too large to compare, or has other columns now. A million rows are compared in about two
   seconds; a master of customers that is sent again whole would otherwise have all that customers bought computed anew. #}
{% macro build_compared(step, existing, target, sql) -%}
    {%- set largest = 1000000 -%}
    {%- if first_row('select count(*) from ' ~ this)[0] > largest -%}{{ return(none) }}{%- endif -%}
    {%- do run_statements('create or replace temp table ledger_rows as ' ~ sql) -%}
    {%- set columns = "(select list((column_name, data_type) order by column_index) from duckdb_columns() where " -%}
    {%- set is_same, rows = first_row(
        'select ' ~ columns ~ "database_name = 'temp' and table_name = 'ledger_rows') = "
        ~ columns ~ "database_name = '" ~ this.database ~ "' and schema_name = '" ~ this.schema ~ "' and table_name = '" ~ this.identifier
        ~ "'), (select count(*) from temp.ledger_rows)"
    ) -%}
    {%- set is_comparable = is_same and rows <= largest -%}
    {%- set changed_rows = compare_rows(this) if is_comparable else none -%}
    {%- set step.rows = changed_rows -%}
    {%- if changed_rows == 0 -%}{{ return('whole, no row changed') }}{%- endif -%}
    {%- do new_version(step, keep_changes=is_comparable) -%}
    {%- do run_statements('drop table ' ~ existing ~ ';' ~ create_table_as(False, target, 'select * from temp.ledger_rows')) -%}
    {{ return('whole' ~ (', ' ~ changed_rows ~ ' rows changed' if is_comparable else '')) }}
{%- endmacro %}

{% macro build_whole(step, existing, target, sql) -%}
    {%- do new_version(step, keep_changes=false) -%}
    {%- set drop = 'drop ' ~ existing.type ~ ' if exists ' ~ existing ~ ';' if existing is not none else '' -%}
    {%- do run_statements(drop ~ create_table_as(False, target, sql)) -%}
    {{ return('whole') }}
{%- endmacro %}
