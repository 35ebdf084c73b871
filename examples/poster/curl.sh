#!/bin/sh
# The same without Python: a contract, and a job from its creation to its end. Needs curl 7.76.
#
#     sh examples/poster/curl.sh            to http://localhost:8000, or HUB_URL, with HUB_TOKEN
#     RUN=monday sh examples/poster/curl.sh     started again, it is the same job, reported once
set -eu

hub=${HUB_URL:-http://localhost:8000}
run=${RUN:-$(date +%s)}

# post PATH KEY BODY: a key that the hub has seen is answered as it was then, and changes nothing.
# The token goes by standard input: arguments are seen by everybody on the machine.
post() {
    echo "${HUB_TOKEN:+header = \"Authorization: Bearer $HUB_TOKEN\"}" |
        curl --config - --silent --show-error --fail-with-body --retry 3 \
            --header 'Content-Type: application/json' --header "Idempotency-Key: $run-$2" \
            --data "$3" "$hub$1"
    echo
}

post /update contract \
    '{"contract_id": "external-123", "location": "Mumbai", "status": "active", "timestamp": "2024-01-01T12:00:00"}'

created=$(post /api/jobs create \
    '{"input_data": {"pop_file_path": "populacja/data.xlsx", "validation_mode": "full"}, "metadata": {"user_id": "user123"}}')
echo "$created"
job=$(echo "$created" | sed -n 's/.*"job_id": *"\([^"]*\)".*/\1/p')

post "/api/jobs/$job/status" running \
    '{"status": "RUNNING", "progress": {"current_step": "PDF Processing", "total_steps": 5, "completed_steps": 2, "percentage": 40}, "message": "Processing PDF files..."}'
post "/api/jobs/$job/complete" complete \
    '{"final_status": "DONE", "summary": {"total_records_processed": 1500}, "final_artifacts": [{"name": "audit_report.xlsx", "type": "excel_report", "size": 2048576}], "completion_message": "Audit completed successfully"}'
